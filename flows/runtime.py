"""Run a node: find its result in the store's index, or make it in a process of its own."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import psutil

from configs.errors import UserError
from configs.load import digest, plain
from configs.refs import Ref
from flows.home import RUN
from flows.plan import Node
from tasks.running.identity import ROOT, code_fingerprint, identity
from tasks.running.steps import STEPS
from tasks.store import open_store
from tasks.store.disk import REMEDY


@dataclass(frozen=True)
class Done:
    """What a node came to: where its artifact is and what it took [s], [MiB]."""

    step: str
    label: str
    identity: str
    ref: Ref
    reused: bool
    seconds: float
    peak_mib: float


class StepFailed(UserError):
    """A step ended without a result; `exit_code` 2 means bad input, 3 an object of which nothing
    is to be had, both said in one line."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


_parsing = threading.Lock()


@cache
def fingerprint(module: str) -> str:
    """Return the code fingerprint of a step's module as it is when a run first asks.

    One at a time: CPython 3.11's parser fails at random when threads parse side by side.
    """
    with _parsing:
        return code_fingerprint(module)


def identity_of(node: Node, refs: Mapping[str, Ref]) -> str:
    """Return the node's identity, given the references that go in."""
    return identity(node.step, fingerprint(STEPS[node.step].module), digest(node.config), refs)


def execute(node: Node, refs: Mapping[str, Ref], home: Path, threads: int | None) -> Done:
    """Return the node's result, reused if the index has it, made if not.

    Raises:
        StepFailed: the step refused its input (exit code 2), found nothing of its object (3) or
            broke (1).
    """
    started = time.monotonic()
    store = open_store(home)
    key = identity_of(node, refs)
    found = store.index_get(key)
    outside = STEPS[node.step].outside
    if found is not None and outside is not None and not stands(outside, home, store.open(found)):
        store.index_drop(key)  # what it did outside the store is gone: do it again
        found = None
    reused = found is not None
    if found is None:
        make(node, refs, key, home, threads)
        found = store.index_get(key)
        if found is None:
            raise StepFailed(f"{node.label}: the step left no result in the store's index", 1)
    entry = store.index_entry(key)
    seconds = time.monotonic() - started
    say("reused" if reused else "made", node.label, seconds, entry["peak_mib"], found)
    return Done(node.step, node.label, key, found, reused, seconds, entry["peak_mib"])


def stands(check: str, home: Path, artifact: Path) -> bool:
    """Ask the step's own check whether what it did outside the store is still there."""
    module, name = check.split(":")
    return getattr(importlib.import_module(module), name)(home, artifact)


def sweep(home: Path) -> None:
    """Remove the requests that killed runs left behind, and end their Prefect servers."""
    for folder in (home / "requests").glob("*-*"):
        if not alive(folder.name.split("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)
    for process in psutil.process_iter(["cmdline"]):
        if "uvicorn" in (process.info["cmdline"] or ()):
            with suppress(psutil.Error):  # another user's, or just ended
                values = process.environ()
                ours = values.get("PREFECT_HOME") == os.environ.get("PREFECT_HOME")
                if ours and not alive(values.get(RUN, str(os.getpid()))):
                    process.terminate()


def alive(pid: str) -> bool:
    return Path("/proc", pid).exists()


def make(node: Node, refs: Mapping[str, Ref], key: str, home: Path, threads: int | None) -> None:
    """Run the step in a child process and wait for it."""
    request = {
        "step": node.step,
        "label": node.label,
        "identity": key,
        "config": plain(node.config),
        "refs": {name: asdict(ref) for name, ref in refs.items()},
        "home": str(home),
        "threads": threads,
        "parent": os.getpid(),
        "origin": {
            "step": node.step,
            "label": node.label,
            "code": fingerprint(STEPS[node.step].module),
            "configuration": digest(node.config),
            "inputs": {name: ref.version for name, ref in refs.items()},
        },
    }
    (home / "requests").mkdir(parents=True, exist_ok=True)
    # A folder of its own: another run may be asking for the very same step.
    with tempfile.TemporaryDirectory(dir=home / "requests", prefix=f"{os.getpid()}-") as folder:
        request_file, answer_file = Path(folder, "request.json"), Path(folder, "answer.json")
        request_file.write_text(json.dumps(request, indent=1))
        command = [
            sys.executable,
            "-m",
            "tasks.running.worker",
            str(request_file),
            str(answer_file),
        ]
        # A session of its own: Ctrl-C is for us to hear, not for every worker to complain of.
        child = subprocess.run(command, env=environment(), start_new_session=True, check=False)
        if child.returncode:
            code = child.returncode if child.returncode in (2, 3) else 1
            raise StepFailed(f"{node.label}: {reason(answer_file, child.returncode, home)}", code)


def environment() -> dict[str, str]:
    """Return the child's environment: it finds our modules from whatever folder we are in."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def reason(answer_file: Path, code: int, home: Path) -> str:
    """Return why a child ended: its own words, or the signal that killed it."""
    with suppress(FileNotFoundError, json.JSONDecodeError):  # or cut off by a full disk
        return json.loads(answer_file.read_text())["error"]
    if code == 2:
        return f"{home}: no room for an answer; {REMEDY}"
    if code < 0:
        return f"killed by signal {-code}; run the same command again, it goes on from there"
    return f"ended with exit code {code}"


def say(what: str, label: str, seconds: float, peak_mib: float, ref: Ref) -> None:
    size = "" if what == "reused" else f"{seconds:7.1f} s {peak_mib:6.0f} MiB"
    # One write: two steps that end together must not share a line.
    sys.stdout.write(f"{what:<7}{label:<20}{size:<20}  {ref.version[:12]}\n")
    sys.stdout.flush()

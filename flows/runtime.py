"""Run a node: find its result in the store's index, or make it in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from configs.load import digest, plain
from configs.refs import Ref
from flows.plan import Node
from tasks.identity import ROOT, code_fingerprint, identity
from tasks.steps import STEPS
from tasks.store import open_store


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


class StepFailed(ValueError):
    """A step ended without a result; `exit_code` 2 means bad input, said in one line."""

    def __init__(self, label: str, message: str, exit_code: int) -> None:
        super().__init__(f"{label}: {message}")
        self.exit_code = exit_code


fingerprint = cache(code_fingerprint)


def identity_of(node: Node, refs: Mapping[str, Ref]) -> str:
    """Return the node's identity, given the references that go in."""
    return identity(node.step, fingerprint(STEPS[node.step].module), digest(node.config), refs)


def execute(node: Node, refs: Mapping[str, Ref], home: Path, threads: int | None) -> Done:
    """Return the node's result, reused if the index has it, made if not.

    Raises:
        StepFailed: the step refused its input (exit code 2) or broke (exit code 1).
    """
    started = time.monotonic()
    store = open_store(home)
    key = identity_of(node, refs)
    found = store.index_get(key)
    reused = found is not None
    if found is None:
        make(node, refs, key, home, threads)
        found = store.index_get(key)
        if found is None:
            raise StepFailed(node.label, "the step left no result in the store's index", 1)
    entry = store.index_entry(key)
    seconds = time.monotonic() - started
    say("reused" if reused else "made", node.label, seconds, entry["peak_mib"], found)
    return Done(node.step, node.label, key, found, reused, seconds, entry["peak_mib"])


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
    folder = home / "requests"
    folder.mkdir(parents=True, exist_ok=True)
    request_file = folder / f"{key}.json"
    answer_file = request_file.with_suffix(".answer.json")
    answer_file.unlink(missing_ok=True)
    request_file.write_text(json.dumps(request, indent=1))
    command = [sys.executable, "-m", "tasks.worker", str(request_file)]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        raise StepFailed(node.label, reason(answer_file, code), 2 if code == 2 else 1)
    request_file.unlink()


def reason(answer_file: Path, code: int) -> str:
    """Return why a child ended: its own words, or the signal that killed it."""
    if answer_file.exists():
        return json.loads(answer_file.read_text())["error"]
    if code < 0:
        return f"killed by signal {-code}; run the same command again, it goes on from there"
    return f"ended with exit code {code}"


def say(what: str, label: str, seconds: float, peak_mib: float, ref: Ref) -> None:
    size = "" if what == "reused" else f"{seconds:7.1f} s {peak_mib:6.0f} MiB"
    # One write: two steps that end together must not share a line.
    sys.stdout.write(f"{what:<7}{label:<20}{size:<20}  {ref.version[:12]}\n")
    sys.stdout.flush()

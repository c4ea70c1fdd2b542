"""Run one step in a process of its own: `python -m tasks.running.worker REQUEST.json ANSWER.json`.

A process a step gives each its own random state, threads and peak memory, and a death that
takes nothing else along. Exit code 0: the store's index has the result; 2: bad input or a full
disk, one line in the answer; 3: of this object there is nothing to be had, likewise; 1: a defect,
with its traceback.
"""

import ctypes
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from configs.errors import UserError
from configs.load import validate
from configs.refs import Ref
from tasks.running.context import Context, Progress, make_scratch, publish_metrics
from tasks.running.steps import STEPS
from tasks.store import open_store
from tasks.store.disk import full_disk

PR_SET_PDEATHSIG = 1


def main() -> int:
    request_file, answer_file = Path(sys.argv[1]), Path(sys.argv[2])
    request = json.loads(request_file.read_text())
    die_with(request["parent"])
    try:
        run(request)
    except Exception as error:
        code, words = judge(error, Path(request["home"]))
        with suppress(OSError):  # a disk so full that the answer has no room: the code tells
            answer_file.write_text(json.dumps({"error": words}))
        return code
    return 0


def run(request: dict[str, Any]) -> None:
    """Do what the request asks unless the index has it, and put the result into the index."""
    started = time.monotonic()
    step = STEPS[request["step"]]
    home = Path(request["home"])
    store = open_store(home)
    identity = request["identity"]
    scratch = make_scratch(home, identity)
    with FileLock(f"{scratch}.lock"):  # the kernel drops it however the process ends
        if store.index_get(identity) is not None:
            return  # another process was faster
        context = Context(
            identity=identity,
            label=request["label"],
            store=store,
            home=home,
            scratch=scratch,
            threads=request["threads"],
            progress=Progress(request["label"]),
            origin=request["origin"],
        )
        config = validate(step.config(), request["config"], request["step"])
        refs = {name: Ref(**ref) for name, ref in request["refs"].items()}
        ref = step.function()(config, refs, context)
        store.index_put(
            identity,
            ref,
            step=request["step"],
            label=request["label"],
            seconds=time.monotonic() - started,
            peak_mib=peak_mib(),
            configuration=request["origin"]["configuration"],
            **publish_metrics(store, home, identity),
        )
    shutil.rmtree(scratch, ignore_errors=True)


def judge(error: Exception, home: Path) -> tuple[int, str]:
    """Return the exit code that an error deserves, and its words: one line, or the traceback."""
    if isinstance(error, UserError):
        return error.exit_code, " ".join(str(error).split())
    full = full_disk(error, home)
    return (1, traceback.format_exc()) if full is None else (2, full)


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies, so that no step runs on alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            sys.exit(1)


def peak_mib() -> float:
    """Return the peak resident memory of this process and of its children [MiB]."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(usage.ru_maxrss for usage in usages) / 1024


if __name__ == "__main__":
    sys.exit(main())

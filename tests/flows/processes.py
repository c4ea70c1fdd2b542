"""The command line in processes that tests stop or kill, and what they left in a store."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tasks.store import open_store

PATIENCE_S = 600


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the command line in a session of its own; what it says is kept."""
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *arguments],
        env=os.environ | {"DEXGEN_HOME": str(home)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_step(home: Path, step: str, process: subprocess.Popen[str]) -> None:
    """Wait until a step of a stage is at work: this process's request is there, unanswered."""
    limit = time.monotonic() + PATIENCE_S
    while not running(home, step, process.pid):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.05)


def running(home: Path, step: str, pid: int) -> bool:
    for path in (home / "requests").glob(f"{pid}-*/request.json"):
        try:
            if json.loads(path.read_text()).get("step") == step:
                return True
        except (OSError, json.JSONDecodeError):
            continue
    return False


def versions(home: Path) -> dict[str, str]:
    return {
        str(entry["label"]): str(entry["ref"]["version"])
        for entry in open_store(home).index_entries()
    }

"""kill -9 of the process group in each stage, then the same command: equal to never killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.plan import STAGES
from tasks.store import open_store

pytestmark = pytest.mark.slow
PATIENCE_S = 600
# As they come to run: steps that wait for nothing of each other run side by side, and a stage that
# was finished beside another's kill could not be killed any more.
EARLY = ("objects", "grasps", "experts", "rollouts", "hazards", "critic")
ORDER = (*EARLY, *(stage for stage in STAGES if stage not in EARLY))


def start(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "run", "profile=smoke"],
        env=os.environ | {"DEXGEN_HOME": str(home)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def running(home: Path, stage: str) -> bool:
    """Tell whether a step of the stage is at work: its request is written and unanswered."""
    for path in (home / "requests").glob("*/request.json"):
        try:
            if json.loads(path.read_text()).get("step") == stage:
                return True
        except (OSError, json.JSONDecodeError):
            continue
    return False


def kill_in(home: Path, stage: str, after_s: float) -> None:
    """Start the loop, wait until the stage works for a while, kill the whole group."""
    process = start(home)
    limit = time.monotonic() + PATIENCE_S
    while not running(home, stage):
        assert process.poll() is None, process.stdout.read() if process.stdout else ""
        assert time.monotonic() < limit
        time.sleep(0.05)
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    shutil.rmtree(home / "requests")  # what was killed says nothing about the next run


def results(home: Path) -> dict[str, str]:
    return {
        str(entry["label"]): str(entry["ref"]["version"])
        for entry in open_store(home).index_entries()
    }


def evaluation(home: Path) -> dict:
    return json.loads((home / "reports" / "latest" / "summary.json").read_text())["evaluation"]


def test_killed_in_every_stage_ends_equal(smoke_home, tmp_path):
    for stage in ORDER:
        kill_in(tmp_path, stage, after_s=1.5)
    process = start(tmp_path)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output
    assert evaluation(tmp_path) == evaluation(smoke_home)
    killed, whole = results(tmp_path), results(smoke_home)
    # A promotion holds a time, a key and a sequence number, so it alone may differ.
    for label in whole.keys() - {"promote"}:
        assert killed[label] == whole[label], label

"""kill -9 of the process group in each stage, then the same command: equal to never killed."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from flows.stages import STAGES
from tests.flows.processes import PATIENCE_S, start, versions, wait_for_step

pytestmark = pytest.mark.slow
# As they come to run: steps that wait for nothing of each other run side by side, and a stage that
# was finished beside another's kill could not be killed any more.
DATA = ("objects", "grasps", "regrasps", "experts", "turns", "skills", "rollouts")
EARLY = (*DATA, "hazards", "critic")
ORDER = (*EARLY, *(stage for stage in STAGES if stage not in EARLY))


def kill_in(home: Path, stage: str, after_s: float) -> None:
    """Start the loop, wait until the stage works for a while, kill the whole group."""
    process = start(home, "run", "profile=smoke")
    wait_for_step(home, stage, process)
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def evaluation(home: Path) -> dict:
    return json.loads((home / "reports" / "latest" / "summary.json").read_text())["evaluation"]


def test_killed_in_every_stage_ends_equal(smoke_home, tmp_path):
    for stage in ORDER:
        kill_in(tmp_path, stage, after_s=1.5)
    process = start(tmp_path, "run", "profile=smoke")
    output = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, output
    assert evaluation(tmp_path) == evaluation(smoke_home)
    killed, whole = versions(tmp_path), versions(smoke_home)
    # A promotion holds a time, a key and a sequence number, so it alone may differ.
    for label in whole.keys() - {"promote"}:
        assert killed[label] == whole[label], label

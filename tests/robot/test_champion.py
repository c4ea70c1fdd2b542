"""The released champion of a finished run, where there is one."""

import json
import os
from pathlib import Path

import pytest

from configs.load import load
from configs.schema.robot import RobotConfig
from models.approval import list_releases
from models.bundle import open_bundle
from robot.cli import main

HOME = os.environ.get("DEXGEN_TEST_HOME", "")


@pytest.mark.skipif(not HOME, reason="DEXGEN_TEST_HOME names no finished run")
def test_the_champion_holds_in_the_twin(tmp_path):
    releases = list(list_releases(Path(HOME) / "releases").values())
    if not releases:
        pytest.skip(f"{HOME} (DEXGEN_TEST_HOME) holds no release; finish a run first")
    hand = open_bundle(releases[-1] / "bundle", None).layout.hand
    overrides = [
        f"home={HOME}",
        f"hand={hand}",
        f"robot.pull.cache={tmp_path}/cache",
        f"robot.figures={tmp_path}/twin.json",
        "robot.clip.file=null",
        "robot.trials.count=2",
        "robot.trials.seconds=4",
        "robot.realtime_s=1",
    ]
    load(RobotConfig, overrides, root="robot_config")
    assert main(["run", "robot=twin", *overrides]) == 0
    figures = json.loads((tmp_path / "twin.json").read_text())
    holds = figures["holds"]
    assert holds["assisted"]["total_s"] > 0
    # the loop's own corrections are for accidents, not for the controller's daily answers
    assert sum(holds["assisted"]["interventions"].values()) == 0

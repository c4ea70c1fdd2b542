"""The benchmark of creep, small: its figures are there by name, and its limit counts."""

import json
import math
import sys
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from benchmarks import physics
from benchmarks.creep import drift_mm
from configs.load import load
from configs.schema.pipeline import Config


def test_drift_is_a_median_in_which_what_was_dropped_is_far_away():
    at = np.zeros((3, 3))
    moved = np.array([[0.001, 0, 0], [0, 0.003, 0], [np.inf] * 3])
    assert drift_mm({2.0: at, 12.0: moved}, 12.0) == pytest.approx(3.0)
    lost = np.array([[0.001, 0, 0], [np.inf] * 3, [np.inf] * 3])
    assert math.isinf(drift_mm({2.0: lost, 12.0: lost}, 12.0))


def test_the_mesh_is_an_object_like_others():
    assert physics.make("mesh").extent == pytest.approx(
        [2 * a for a in physics.HALF_AXES], rel=0.05
    )


@pytest.mark.slow
def test_a_quick_run_gives_every_figure(monkeypatch, tmp_path, capsys):
    path = tmp_path / "physics.json"
    arguments = ["physics.py", "--quick", "--threads", "1", "--json", str(path), "profile=smoke"]
    monkeypatch.setattr(sys, "argv", arguments)
    assert physics.main() == 0
    figures, said = json.loads(path.read_text()), capsys.readouterr().out
    assert 0 < figures["creep_mm"] < 1.0
    assert figures["still_hold_s"] > 0
    assert [row["setting"] for row in figures["table"]] == 2 * [
        physics.CONFIGURED.name,
        physics.BEFORE.name,
    ]
    assert "creep_mm" in said


def test_every_setting_is_one_that_the_physics_has():
    config, option = load(Config), mujoco.MjModel.from_xml_string("<mujoco/>").opt
    for setting in physics.SETTINGS:
        replace(config.physics, **setting.physics)
        assert all(hasattr(option, name) for name in setting.option)

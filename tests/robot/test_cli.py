"""The command line: figures for people, one line and exit 2 for what must not be run."""

import json
from dataclasses import replace

import pytest

from envs.grasp_set import GraspSet
from models.bundle import SCENARIO
from robot.cli import main
from tests.tiny_bundle import make_bundle, write_grasps


def test_a_run_prints_its_figures(channel, capsys):
    channel.publish(1)
    assert main(["run", "robot=twin", *channel.overrides("robot.realtime_s=0.5")]) == 0
    out = capsys.readouterr().out
    assert "release 1 (channel)" in out
    rows = [line.split() for line in out.splitlines()]
    assert [row[0] for row in rows if row and "assisted" in row[0]] == ["unassisted", "assisted"]
    assert "in real time: 10 ticks" in out
    figures = json.loads((channel.home / "robot" / "twin.json").read_text())
    assert figures["release"] == 1
    assert figures["holds"]["assisted"]["drops"] == 2
    assert figures["realtime"]["latency_p99_ms"] < 1e3


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["robot.nothing=1"], "robot.nothing"),
        (["robot.operator.noise=-1"], "robot.operator.noise"),
        (["robot=absent"], "absent"),
        (["robot.assistance.mode=precise"], "robot.assistance.mode: 'precise'"),
        (["control.hz=10"], "control_hz is 20"),
        (["hand=allegro"], "'trident' instead of 'allegro'"),
        (["robot.pull.public_key=/nowhere.pub"], "/nowhere.pub: No such file"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(channel, capsys, overrides, message):
    channel.publish(1)
    assert main(["run", *channel.overrides(*overrides)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("kind", ["under a file", "a folder"])
def test_figures_that_cannot_be_written_are_refused_before_the_trials(channel, capsys, kind):
    channel.publish(1)
    blocked = channel.home / "blocked"
    if kind == "a folder":
        blocked.mkdir()
        path, reason = blocked, "Is a directory"
    else:
        blocked.write_text("a file")
        path, reason = blocked / "twin.json", "File exists"
    assert main(["run", *channel.overrides(f"robot.figures={path}")]) == 2
    out, error = capsys.readouterr()
    assert f"robot.figures: {path}: {reason}" in error
    assert error.count("\n") == 1
    assert "trials" not in out


@pytest.mark.parametrize("kind", ["of another layout", "outside the limits"])
def test_grasps_that_cannot_be_begun_with_are_one_line_and_exit_2(channel, capsys, tmp_path, kind):
    path, layout = tmp_path / "other.safetensors", channel.bundle.layout
    if kind == "of another layout":
        write_grasps(path, channel.config("control.hz=10").embodiment)
        said = "scenario.safetensors: layout fingerprint"
    else:
        grasps = GraspSet.load(channel.bundle.folder / SCENARIO, layout)
        target = grasps.joint_target.copy()
        target[:, 0] = 50.0
        replace(grasps, joint_target=target).save(path, layout)
        said = f"start target: {layout.joint_names[0]} is 50 rad"
    embodiment = channel.config().embodiment
    bundle = make_bundle(tmp_path / "bundle", embodiment, more={SCENARIO: path})
    channel = replace(channel, bundle=bundle)
    channel.publish(1)
    assert main(["run", *channel.overrides()]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_clip_that_fails_does_not_fail_the_run(channel, capsys, monkeypatch):
    channel.publish(1)
    monkeypatch.setenv("MUJOCO_GL", "no_such_library")
    clip = ["robot.clip.file=${home}/twin.mp4", "robot.clip.seconds=0.2"]
    assert main(["run", *channel.overrides(*clip)]) == 0
    error = capsys.readouterr().err
    assert "install libegl1" in error
    assert error.count("\n") == 1

"""The command line: figures for people, one line and exit 2 for what must not be run."""

import json
import subprocess
import sys

import pytest

from robot.cli import main


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


def test_a_clip_that_fails_does_not_fail_the_run(channel, capsys, monkeypatch):
    channel.publish(1)
    monkeypatch.setenv("MUJOCO_GL", "no_such_library")
    clip = ["robot.clip.file=${home}/twin.mp4", "robot.clip.seconds=0.2"]
    assert main(["run", *channel.overrides(*clip)]) == 0
    error = capsys.readouterr().err
    assert "install libegl1" in error
    assert error.count("\n") == 1


def test_help_is_quick_to_import_and_the_run_is_free_of_the_training_side():
    code = (
        "import sys, robot.cli; early = [m for m in ('numpy', 'mujoco') if m in sys.modules]; "
        "import robot.run; "
        "heavy = ('torch', 'lightning', 'prefect', 'mlflow', 'rsl_rl', 'tensordict', 'scipy', "
        "'trimesh', 'pandas', 'tasks', 'flows'); "
        "print(early, [m for m in heavy if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[] []"

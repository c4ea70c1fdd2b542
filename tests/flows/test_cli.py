"""The command line: answers at once, refuses bad input in one line with exit code 2."""

import re
import subprocess
import sys

import pytest

CUP = "{name:cup,shape:{kind:mesh,file:/no/cup.stl,unit:1,contact:hull},held_out:false}"
ALL_HELD_OUT = [f"objects.items.{name}.held_out=true" for name in ("box", "sphere")]
HEAVY = {
    "torch",
    "mujoco",
    "prefect",
    "mlflow",
    "hydra",
    "lightning",
    "great_expectations",
    "numpy",
}


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2, result.stderr
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_help_imports_nothing_heavy():
    code = "import sys, flows.cli\ntry: flows.cli.main(['--help'])\nfinally: print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Generate grasps" in said.stdout
    assert not HEAVY & set(said.stdout.split())


@pytest.mark.parametrize(
    "arguments", [["no_such"], ["data"], ["run", "--no-such"], ["data", "tag"]]
)
def test_a_command_line_that_is_none_is_refused_in_one_line(arguments, inside, tmp_path):
    assert "see --help" in one_line(inside(*arguments, home=tmp_path))


BAD = [
    (["run", "no_such_key=1"], "no_such_key"),
    (["run", "machine.memory_gib=100000"], "machine.memory_gib"),
    (["run", "profile=smoke", *ALL_HELD_OUT], "every object is held out"),
    (["run", "machine.disk_gib=1e9"], "machine.disk_gib"),
    (["run", "+objects.items.cup=" + CUP], "there is no file /no/cup.stl"),
    (["run", "control.hz=21"], "control.hz"),
    (["run", "rollouts.modes.fast=foo"], "rollouts.modes.fast"),
    (["run", "~evaluate.experts.fast", "+evaluate.experts.fsat=default"], "'fsat'"),
]


@pytest.mark.parametrize(("arguments", "named"), BAD)
def test_bad_input_is_refused_before_anything_starts(arguments, named, inside, tmp_path):
    assert named in one_line(inside(*arguments, home=tmp_path))
    assert not (tmp_path / "store").exists()


def test_home_that_cannot_be_written(dexgen, tmp_path):
    (tmp_path / "file").touch()
    line = one_line(dexgen("run", home=tmp_path / "file" / "home"))
    assert "DEXGEN_HOME" in line
    assert "not writable" in line


def test_dry_run_names_every_step_and_makes_none(inside, tmp_path):
    result = inside("grasps", "profile=smoke", "--dry-run", home=tmp_path)
    assert result.returncode == 0, result.stderr
    for step in ("objects/box", "grasps/box"):
        assert re.search(rf"^run +{step} +never timed here$", result.stdout, re.MULTILINE)
    assert "0 reused, 6 to run" in result.stdout
    assert not list(tmp_path.glob("scratch/*"))


def test_doctor_and_status_answer_in_an_empty_home(dexgen, inside, tmp_path):
    doctor = dexgen("doctor", home=tmp_path)
    assert "mujoco" in doctor.stdout
    assert "GiB free" in doctor.stdout
    status = inside("status", home=tmp_path)
    assert status.returncode == 0, status.stderr
    assert "0 results" in status.stdout

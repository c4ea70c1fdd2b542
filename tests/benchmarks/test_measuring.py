"""What all benchmarks share: limits that count, and bad input in one line."""

import sys

import pytest

from benchmarks import data, physics
from benchmarks.measuring import ANY, missed, run, shown

LIMITS = {"rate": (200_000, ANY), "memory": (-ANY, 5), "gone": (1, ANY)}


@pytest.mark.parametrize(
    ("figures", "beyond"),
    [
        ({"rate": 200_000, "memory": 5.0}, []),
        ({"rate": 199_999, "memory": 5.1}, ["rate", "memory"]),
        ({"rate": float("nan")}, ["rate"]),
        ({"write": {}, "rate": None}, []),  # what was not measured is not missed
    ],
)
def test_a_figure_beyond_its_limit_is_marked(figures, beyond):
    assert missed(figures, LIMITS) == beyond
    marked = [line for line in shown(figures, LIMITS).splitlines() if line.endswith(" MISSED")]
    assert [line.split()[0] for line in marked] == beyond
    assert all("at least 200,000" in line or "at most 5" in line for line in marked)


def test_the_limits_are_those_asked_for():
    assert missed({"creep_mm": 1.01}, physics.LIMITS) == ["creep_mm"]
    assert missed({"vs_torch_dataloader": 4.9}, data.LIMITS) == ["vs_torch_dataloader"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--json", "no/x.json"], "its folder must be there"),
        (["--grasps", "0"], "0 is less than 1"),
        (["hand=unknown"], "physics.py: "),
    ],
)
def test_bad_input_is_refused(monkeypatch, capsys, tmp_path, words, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["physics.py", *words])
    with pytest.raises(SystemExit) as ended:
        run(physics.main)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err

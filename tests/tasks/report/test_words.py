"""The page's sentences, and what perturbations and figures are called."""

import pytest

from tasks.report.naming import describe, number
from tasks.report.words import apart, headline, standing
from tests.tasks.report.made_up import cell, summary


def said(made) -> list[str]:
    return [line.replace("\u00a0", " ") for line in headline(made)]


def test_the_first_sentence_is_the_result_with_one_setting_for_all():
    made = summary()
    found, over = made["one_setting"], {"value": 3.5, "low": 3.1, "high": 4.0}
    found["assisted"] |= {"hold_s": 30.0, "goals_per_min": 9.0}
    found["assisted"]["worst_family"] = {"name": "kicks", "hold_over_bare": over | {"value": 1.25}}
    found["unassisted"] |= {"hold_s": 6.0, "goals_per_min": 10.0}
    found["vs_scaled"] = over | {"reached": True}
    assert said(made)[0] == (
        "With one setting for all 9 kinds of commands, on objects held out of training: held "
        "30.0 s with the controller and 6.00 s without (geometric mean), at 9.00 and 10.0 goals a "
        "minute; 3.50 (3.10–4.00) times as long as the best scaled command that reaches as many "
        "goals. Worst against the bare command: kicks, 1.25 times its hold."
    )
    found["vs_scaled"] = {"value": 1.2, "low": 0.9, "high": 2.0, "reached": False}
    assert "the best scaled command (none reaches as many goals), not told apart." in said(made)[0]
    del found["assisted"]
    assert "no answer is the default assistance" in said(made)[0]


def test_figures_are_told_apart_by_their_intervals():
    assert apart(cell(5, 40), cell(5, 6), "goals_per_min") == 1
    assert apart(cell(5, 0), cell(5, 30), "goals_per_min") == -1
    assert apart(cell(5, 9), cell(5, 12), "goals_per_min") == 0
    assert apart(cell(0), cell(40), "hold_s") == 1
    assert apart(cell(0), cell(1), "hold_s") == 0


def test_the_perturbations_in_which_the_controller_is_worse_are_named():
    table = {
        "a": {"assisted": cell(2, 6), "unassisted": cell(40, 60)},
        "b": {"assisted": cell(40), "unassisted": cell(2)},
        "c": {"assisted": cell(5), "unassisted": cell(6)},
    }
    words = (
        "The controller does worse than the bare command in time to a drop (b) and in goals a "
        "minute (a); it does better in time to a drop (a); not told apart in c."
    )
    assert standing(table) == words
    assert said(summary() | {"evaluation": table})[1] == words
    del table["a"], table["b"]
    assert "are not told apart" in standing(table)
    assert "in any perturbation: c." in standing(table)
    table["d"] = {"assisted": cell(2), "unassisted": cell(40)}
    assert standing(table).startswith("In no perturbation is the controller worse")


def test_the_objects_of_the_training_are_named():
    made = summary()
    assert said(made)[2] == (
        "Measured on capsule, which no training step saw; the controller was trained on box and "
        "sphere, whose figures stand apart, by object."
    )
    made["settings"] |= {"judged": "training", "pairs": {"held_out": 0, "training": 2}}
    lines = said(made)
    assert "on the training's own objects" in lines[0]
    assert "Measured on objects and grasps of the training itself" in lines[2]


def test_the_training_is_said_as_it_was_recorded():
    rows = [{"name": "train.prior", "value": 1.0, "step": step} for step in (51200, 200192)]
    assert "trained on 200,192 windows" in said(summary() | {"metrics": {"train": rows}})[-1]
    assert "windows" not in said(summary() | {"metrics": {}})[-1]


def test_numbers_are_short():
    values = (0.0, 2.38e-7, 0.0001, 0.20833, 2.5, 17.123, 123.4, 12345.0, None)
    small = "2.4\u00a0×\u00a010⁻⁷"
    texts = ["0", small, "0.0001", "0.208", "2.50", "17.1", "123", "12,345", "∞"]
    assert [number(value) for value in values] == texts
    assert number(9.96, 2) == "10"  # rounded up to a power of ten


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ({"kind": "clean"}, "the expert's own command"),
        ({"kind": "swapped"}, "each finger's command given to its neighbour"),
        ({"kind": "pose", "pose": "open"}, "the whole hand commanded to its open pose"),
        (
            {"kind": "withdraw", "seconds": 1.0},
            "one touching finger after another commanded away for 1 s",
        ),
        ({"kind": "new"}, "p"),
    ],
)
def test_a_perturbation_is_described_by_its_definition_or_goes_by_its_name(definition, words):
    assert describe("p", {"perturbations": {"p": definition}}) == words

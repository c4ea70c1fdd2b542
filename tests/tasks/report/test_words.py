import pytest

from tasks.evaluation.metrics import COUNTS, figures
from tasks.report.naming import describe, number
from tasks.report.words import apart, compared, headline, standing


def cell(drops, goals=6, time_s=120.0):
    sums = dict.fromkeys(COUNTS, 0.0) | {"time_s": time_s, "drops": drops, "goals": goals}
    return figures(sums, 0.95)


def report(**cells):
    return {
        "evaluation": {"noisy_2.0": cells},
        "settings": {
            "confidence": 0.95,
            "judged": "held_out",
            "pairs": {"held_out": 6, "training": 2},
            "objects": {"held_out": ["cylinder"], "training": ["box", "sphere"]},
            "perturbations": {"noisy_2.0": {"kind": "noise", "amplitude": 2.0}},
        },
    }


def said(summary) -> list[str]:
    return [line.replace("\u00a0", " ") for line in headline(summary)]


def test_the_first_sentence_is_the_result():
    lines = said(report(unassisted=cell(48, 4), assisted=cell(6, 5)))
    assert lines[0] == (
        "Under uniform noise of ±2 on every joint command, on objects held out of training: one "
        "drop every 20.0 s with the controller and one drop every 2.50 s without, 8.0 times as "
        "long; 2.50 goals a minute with and 2.00 without, not told apart."
    )


def test_with_one_setting_for_all_is_the_result_where_it_is_known():
    summary = report(unassisted=cell(48, 4), assisted=cell(6, 5))
    over = {"value": 3.5, "low": 3.1, "high": 4.0}
    ours = {"hold_s": 30.0, "goals_per_min": 9.0}
    ours |= {"worst_family": {"name": "kicks", "hold_over_bare": over | {"value": 1.25}}}
    bare = {"hold_s": 6.0, "goals_per_min": 10.0}
    found = {"assisted": ours, "unassisted": bare, "vs_scaled": over | {"reached": True}}
    lines = said(summary | {"one_setting": found})
    assert lines[0] == (
        "With one setting for all 1 kinds of commands, on objects held out of training: held "
        "30.0 s with the controller and 6.00 s without (geometric mean), at 9.00 and 10.0 goals a "
        "minute; 3.50 (3.10–4.00) times as long as the best scaled command that reaches as many "
        "goals. Worst against the bare command: kicks, 1.25 times its hold."
    )
    assert lines[1].startswith("Under uniform noise")
    found["vs_scaled"] = {"value": 1.2, "low": 0.9, "high": 2.0, "reached": False}
    line = said(summary | {"one_setting": found})[0]
    assert "the best scaled command (none reaches as many goals), not told apart." in line


def test_without_a_drop_the_time_is_said_to_be_watched_and_no_ratio_is_made():
    lines = said(report(unassisted=cell(48), assisted=cell(0)))
    assert "no drop in 120 s watched with the controller" in lines[0]
    assert "longer, beyond both intervals" in lines[0]
    assert "times as long" not in lines[0]
    assert "120 s to" not in lines[0]
    assert "–∞ s with" in " ".join(lines)
    assert "Goals a drop: 6 and no drop with, 0.125 without" in " ".join(lines)


@pytest.mark.parametrize(
    ("ours", "other", "words"),
    [
        (2, 40, "20 times as long"),
        (40, 2, "0.050 times as long"),
        (5, 6, "not told apart"),
        (0, 1, "not told apart"),
        (0, 0, "not told apart"),
        (0, 40, "longer, beyond both intervals"),
        (40, 0, "shorter, beyond both intervals"),
    ],
)
def test_a_difference_is_claimed_only_beyond_the_intervals(ours, other, words):
    assert compared(cell(ours), cell(other)) == words


def test_goals_are_told_apart_by_their_intervals():
    assert apart(cell(5, 40), cell(5, 6), "goals_per_min") == 1
    assert apart(cell(5, 0), cell(5, 30), "goals_per_min") == -1
    assert apart(cell(5, 9), cell(5, 12), "goals_per_min") == 0
    line = said(report(unassisted=cell(40, 60), assisted=cell(2, 6)))[0]
    assert line.endswith("3.00 goals a minute with and 12.0 without.")


def test_the_perturbations_in_which_the_controller_is_worse_are_named():
    table = {
        "a": {"assisted": cell(2, 6), "unassisted": cell(40, 60)},
        "b": {"assisted": cell(40), "unassisted": cell(2)},
        "c": {"assisted": cell(5), "unassisted": cell(6)},
    }
    assert standing(table) == (
        "The controller does worse than the bare command in time to a drop (b) and in goals a "
        "minute (a); it does better in time to a drop (a); not told apart in c."
    )
    del table["a"], table["b"]
    assert "are not told apart" in standing(table)
    assert "in any perturbation: c." in standing(table)
    table["d"] = {"assisted": cell(2), "unassisted": cell(40)}
    assert standing(table).startswith("In no perturbation is the controller worse")


def test_the_sentence_about_all_perturbations_is_in_the_opening():
    summary = report(unassisted=cell(2), assisted=cell(40))
    assert "worse than the bare command in time to a drop (noisy_2.0)" in said(summary)[1]


def test_the_objects_of_the_training_are_named():
    summary = report(unassisted=cell(3), assisted=cell(3))
    assert said(summary)[2] == (
        "Measured on cylinder, which no training step saw; the controller was trained on box and "
        "sphere, whose figures stand apart, by object."
    )
    summary["settings"] |= {"judged": "training", "pairs": {"held_out": 0, "training": 2}}
    lines = said(summary)
    assert "on the training's own objects" in lines[0]
    assert "Measured on objects and grasps of the training itself" in lines[2]


def test_the_training_is_said_as_it_was_recorded():
    rows = [{"name": "train.prior", "value": 1.0, "step": step} for step in (51200, 200192)]
    summary = report(unassisted=cell(3), assisted=cell(3))
    assert "trained on 200,192 windows" in said(summary | {"metrics": {"train": rows}})[-1]
    assert "windows" not in said(summary)[-1]


def test_without_a_pair_to_compare_nothing_is_claimed():
    assert "no pair" in headline(report(unassisted=cell(3)))[0]


def test_numbers_are_short():
    values = (0.0, 2.38e-7, 0.0001, 0.20833, 2.5, 17.123, 123.4, 12345.0, None)
    small = "2.4\u00a0×\u00a010⁻⁷"
    texts = ["0", small, "0.0001", "0.208", "2.50", "17.1", "123", "12,345", "∞"]
    assert [number(value) for value in values] == texts
    assert number(9.96, 2) == "10"  # rounded up to a power of ten


def test_an_unknown_perturbation_goes_by_its_name():
    assert describe("open_hand", {}) == "open_hand"


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
    ],
)
def test_a_perturbation_is_described_by_its_definition(definition, words):
    assert describe("p", {"perturbations": {"p": definition}}) == words


def paired(hold, equal):
    summary = report(unassisted=cell(48, 4), assisted=cell(6, 5))
    summary["settings"]["assisted"] = "guarded"
    summary["ratios"] = {"noisy_2.0": {"guarded": {"hold": hold}}}
    summary["matched"] = {"noisy_2.0": {"guarded": equal}}
    return " ".join(said(summary))


def test_the_paired_ratio_and_that_at_equal_goals_are_said_with_their_intervals():
    text = paired(
        {"value": 8.0, "low": 5.5, "high": 12.0},
        {"hold_ratio": 1.5, "low": 1.1, "high": 2.0, "goals_per_min": 2.5, "reached": True},
    )
    assert "time to a drop is 8.00 (5.50–12.0) times the bare command's" in text
    assert "reaches as many goals a minute, it is 1.50 (1.10–2.00) times as long." in text


@pytest.mark.parametrize(
    ("equal", "words"),
    [
        ((1.5, 1.1, 2.0, False), "No scaled command reaches as many goals; against the one that"),
        ((1.5, None, None, True), "it is 1.50 (no interval) times as long, not told apart."),
        ((1.2, 0.8, 1.9, True), "it is 1.20 (0.800–1.90) times as long, not told apart."),
        ((0.5, 0.3, 0.8, True), "it is 0.500 (0.300–0.800) times as long."),
    ],
)
def test_what_the_equal_goals_do_not_show_is_said(equal, words):
    keys = ("hold_ratio", "low", "high", "reached")
    cells = dict(zip(keys, equal, strict=True)) | {"goals_per_min": 2.5}
    text = paired({"value": None, "low": None, "high": None}, cells)
    assert words in text
    assert "Paired environment" not in text

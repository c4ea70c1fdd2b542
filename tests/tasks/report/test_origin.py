"""What the result was made from, and what was decided about it."""

import pytest

from tasks.report import origin
from tests.tasks.report.made_up import GATES, calibration, summary


def test_a_step_stands_with_its_inputs_by_name_its_version_and_its_code():
    assert origin.marks(summary())["code"] == "0123456789ab with uncommitted changes"
    rows = origin.lineage(summary()["lineage"]).rows
    assert rows[0] == ["check", "", "da7a", "c0de1", "c1"]
    assert rows[1] == ["train", "check, f00df00df00d", "abc123", "c0de2", "c2"]


def test_a_verdict_names_what_failed():
    assert origin.badge(summary()["verdict"]) == "failed the release gates (hold)"
    assert origin.badge({"passed": True, "judgements": GATES}) == "passed the release gates"


def test_what_was_timed_shows_its_number_and_without_a_champion_nothing_is_compared():
    rows = origin.gates(summary()["verdict"]).rows
    assert ["tick_time", "passed", "1.26\u00a0ms", "30.0\u00a0ms", "1.26 is at most 30"] in rows
    assert [row[1] for row in rows] == ["failed", "passed", "not compared"]


@pytest.mark.parametrize(
    ("change", "word"),
    [({"reference": 20.0}, "passed"), ({"passed": False}, "failed")],
)
def test_a_champion_that_is_there_is_compared_with(change, word):
    assert origin.state(GATES[-1] | change) == word


def test_the_calibrations_rows_are_shown_whatever_their_keys_and_the_choice_is_marked():
    words, table = origin.calibration(calibration())
    assert table.head[-1] == "noisy_1.0"
    assert table.rows[0][-1] == "1.23"
    assert [row[:4] for row in table.rows if row[0]] == [
        ["chosen", "paper", "0.4", "1"],
        ["chosen", "guarded", "0.4", "0.1"],
    ]
    assert "Rule: highest score of those that keep 0.9." in words
    assert "keeps enough" not in words
    words, _ = origin.calibration(calibration() | {"met": {"paper": False, "guarded": True}})
    assert "No candidate of paper keeps enough." in words


def test_what_never_changed_is_a_value_and_no_curve():
    rows = [{"name": "validation.action", "value": 0.131, "step": i} for i in range(3)]
    plots, values = origin.recorded({"train": rows})
    assert plots == []
    assert values is not None
    assert values.rows == [["train", "validation.action", "0.131, the same at 3 steps"]]
    plots, values = origin.recorded(summary()["metrics"])
    assert [plot.title for plot in plots] == ["train: loss"]

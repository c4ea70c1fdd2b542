import re

import pytest

from tasks.report import gates
from tasks.report.lineage import lineage
from tests.tasks.report.test_page_summary import GATES, summary


def test_a_step_stands_with_its_inputs_by_name_its_version_and_its_code():
    html = lineage(summary())
    rows = [re.findall(r"<td [^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    assert ["code", "0123456789ab with uncommitted changes"] in rows
    assert ["check", "", "da7a", "c0de1", "c1"] in rows
    assert ["train", "check, f00df00df00d", "abc123", "c0de2", "c2"] in rows


def test_without_steps_there_are_the_runs_own_marks_only():
    html = lineage({"run": "r", "overrides": []})
    assert "none" in html
    assert "made from" not in html


def test_a_verdict_names_the_first_gate_about_figures_with_its_limit():
    html = gates.badge({"passed": True, "judgements": GATES})
    assert "passed the release gates (intention: 0.250, at least 0.100, \u2026)" in html
    bare = [{"gate": "finite", "passed": True, "reason": "yes"}]
    assert ">passed the release gates<" in gates.badge({"passed": True, "judgements": bare})


def test_what_was_timed_shows_its_number_and_without_a_champion_nothing_is_compared():
    html = gates.verdict(summary()["verdict"])
    rows = [re.findall(r"<td [^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    timed = ["tick_<wbr>time", "passed", "1.26\u00a0ms", "30.0\u00a0ms", "1.26 is at most 30"]
    assert timed in rows
    assert [row[1] for row in rows if row] == ["failed", "passed", "passed", "not compared"]


@pytest.mark.parametrize(
    ("change", "word"),
    [({"reference": 20.0}, "passed"), ({"passed": False}, "failed")],
)
def test_a_champion_that_is_there_is_compared_with(change, word):
    assert gates.state(GATES[-1] | change) == word

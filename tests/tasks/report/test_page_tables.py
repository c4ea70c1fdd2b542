import re
from html import unescape

import pytest

from tasks.report import bad_commands, tables
from tasks.report.choosing import calibration
from tests.tasks.report import test_page_summary as made_up


def rows(html):
    """Return every table row of some HTML as its cells' texts."""
    found = re.findall(r"<tr>(.*?)</tr>", html.replace("<wbr>", ""))
    return [
        [x.replace("\u00a0", " ") for x in re.findall(r"<t[hd] [^>]*>(.*?)</t", r)] for r in found
    ]


def test_figures_stand_with_their_intervals_and_assumption():
    html = tables.evaluation_table(made_up.summary())
    (guarded,) = [r for r in rows(html) if r[1] == "guarded" and r[-2] == "0"]
    assert guarded[2] == "none in 960 (260–∞)"
    assert "take drops and goals for Poisson processes" in html
    assert (
        "The default assistance is guarded (reading 1, gain 0.9, share 0.3, caution 0.1, "
        "guidance 0.4, remainder 1)." in html
    )


def test_without_a_default_assistance_the_table_says_so():
    summary = made_up.summary()
    summary["settings"]["assisted"] = None
    html = unescape(tables.evaluation_table(summary))
    assert "No variant is the bundle's default assistance." in html


def test_ratios_have_a_column_a_variant_and_a_row_a_perturbation():
    found = rows(tables.ratios(made_up.summary()))
    assert found[0][0] == "time to a drop, ×"
    assert found[0][1:] == [
        *("guarded", "paper", "scaled_0.4", "scaled_0.2", "zero", "low_pass_0.2", "critic_gain")
    ]
    assert found[1] == [
        "noisy_2.0",
        "8.48 (5.94–11.9)",
        "2.92 (2.04–4.08)",
        "3.11 (2.18–4.36)",
        "6.67 (4.67–9.33)",
        "46.7 (32.7–65.3)",
        "1.40 (0.980–1.96)",
        "4.67 (3.27–6.53)",
    ]
    assert len(found) == 3 * 11
    assert unescape(found[22][0]) == "time to a drop, × zero's"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "–"),
        ({"value": None, "low": None, "high": None}, "–"),
        ({"value": 2.0, "low": None, "high": None}, "2.00 (no interval)"),
        ({"value": 2.0, "low": 1.0, "high": None}, "2.00 (1.00–∞)"),
        ({"value": 2.0, "low": None, "high": 3.0}, "2.00 (0–3.00)"),
        ({"value": 2.0, "low": 1.0, "high": 3.0}, "2.00 (1.00–3.00)"),
    ],
)
def test_a_ratio_is_as_open_as_its_interval(cell, text):
    assert tables.ratio(cell) == text


def test_contacts_kept_are_shown_where_fingers_were_withdrawn_only():
    html = bad_commands.contacts(made_up.summary())
    assert html.count("<h3>") == 1
    assert "withdraw_finger: one touching finger after another" in html
    assert re.search(r"<span>guarded</span>.*?width:90\.00%.*?<span>90\.0</span>", html)
    summary = made_up.summary()
    del summary["evaluation"]["withdraw_finger"]
    assert bad_commands.contacts(summary) == ""


def test_no_contact_kept_is_a_share_of_nothing_and_is_shown():
    summary = made_up.summary()
    summary["evaluation"]["withdraw_finger"]["unassisted"]["contacts_kept"] = 0.0
    assert "<span>unassisted</span>" in bad_commands.contacts(summary)


def test_families_left_out_of_the_critics_data_are_marked_and_stand_last():
    html = bad_commands.families(made_up.summary())
    found = rows(html)
    assert [r[0] for r in found[-2:]] == ["close_hand", "spread_hand"]
    assert [r[1] for r in found[1:]] == [""] * 7 + ["unseen"] * 2
    assert "clean" not in [r[0] for r in found]
    assert "data and by the calibration: close_hand, spread_hand" in html


@pytest.mark.parametrize(
    ("median", "still", "text"),
    [
        (15.0, 30.0, "50%"),
        (15.0, 60.0, "≤ 25%"),
        (60.0, 30.0, "≥ 200%"),
        (60.0, 60.0, "whole window"),
    ],
)
def test_a_median_that_the_window_ended_is_a_bound(median, still, text):
    cells = {"zero": {"hold_median_s": still}, "paper": {"hold_median_s": median}}
    assert bad_commands.part_of_still(cells, "paper", 60.0).replace("\u00a0", " ") == text
    assert bad_commands.part_of_still(cells, "guarded", 60.0) == "–"


def test_without_the_still_hand_there_is_nothing_to_share():
    summary = made_up.summary()
    for cells in summary["evaluation"].values():
        del cells["zero"]
    assert bad_commands.families(summary) == ""


def test_each_object_is_shown_with_its_split():
    found = rows(tables.by_object(made_up.summary()))
    titles = [r[0] for r in found if r[0]]
    assert titles[:5] == [
        "object",
        "capsule, held out",
        "box, trained on",
        "sphere, trained on",
        "all trained on",
    ]
    assert titles[5:] == titles[:5]
    assert "≥ 260" in next(r for r in found if r[1] == "clean")
    assert found[0][2:5] == ["unassisted", "guarded", "paper"]
    html = tables.by_object(made_up.summary())
    assert "16 for an object held out, 6 for an object trained on" in html


def test_the_calibrations_rows_are_shown_whatever_their_keys_and_the_choice_is_marked():
    html = calibration(made_up.calibration())
    found = rows(html)
    assert found[0][-1] == "noisy_1.0 goals_a_drop"
    assert found[1][-1] == "1.23"
    assert [r[:4] for r in found[1:] if r[0]] == [
        ["chosen", "paper", "0.4", "1"],
        ["chosen", "guarded", "0.4", "0.1"],
    ]
    assert "Rule: highest score of those that keep 0.9." in html


def test_where_no_candidate_keeps_enough_the_page_says_so():
    made = made_up.calibration()
    assert "keeps enough" not in calibration(made)
    made["met"] = {"paper": False, "guarded": True}
    assert "No candidate of paper keeps enough." in calibration(made)
    del made["rows"], made["rule"]
    html = calibration(made)
    assert "<table>" not in html
    assert "Rule: not recorded." in html

"""One setting for all families, from counts that are worked by hand."""

import numpy as np
import pytest

from tasks.evaluation.bootstrap import Resampled, against, best_scaled
from tasks.evaluation.one_setting import one_setting

ANSWERS = ["bare", "half", "still", "ours"]
CURVE = ["still", "half", "bare"]


def family(drops, goals, resamples=50) -> Resampled:
    """Return a family of one window and one pair that was watched for 60 s by each answer."""
    shaped = {"drops": drops, "goals": goals, "time_s": [60.0] * len(drops)}
    counts = {name: np.array(values, float)[None, :, None] for name, values in shaped.items()}
    counts["first_s"] = counts["time_s"]
    return Resampled(counts, ANSWERS, resamples, 0)


@pytest.fixture
def found():
    """Two families; holds of (bare, half, still, ours) 6, 15, 60, 30 and 15, 60, 60, 30 s."""
    drawn = {
        "noise": family([10, 4, 1, 2], [10, 7, 0, 8]),
        "pose": family([4, 1, 1, 2], [0, 0, 0, 0]),
    }
    return one_setting(drawn, CURVE, "bare", "ours", 0.95)


def test_hold_is_a_geometric_mean_and_goals_are_a_mean(found):
    holds = [found[name]["hold_s"] for name in ANSWERS]
    assert holds == pytest.approx([np.sqrt(90), 30.0, 60.0, 30.0])
    assert [found[name]["goals_per_min"] for name in ANSWERS] == [5.0, 3.5, 0.0, 4.0]
    assert found["ours"]["hold_s_low"] == found["ours"]["hold_s_high"] == pytest.approx(30.0)


def test_the_worst_family_is_the_one_with_the_least_over_bare(found):
    assert found["ours"]["worst_family"]["name"] == "pose"
    assert found["ours"]["worst_family"]["hold_over_bare"]["value"] == pytest.approx(2.0)
    assert found["half"]["worst_family"]["name"] == "noise"
    assert found["half"]["worst_family"]["hold_over_bare"]["low"] == pytest.approx(2.5)
    assert found["bare"]["worst_family"]["hold_over_bare"]["value"] == 1.0


def test_the_best_scaled_command_has_at_least_as_many_goals(found):
    """At 4 goals a minute a third of the way from half (3.5; 30 s) to bare (5; 9.49 s)."""
    best = 30.0 ** (2 / 3) * np.sqrt(90) ** (1 / 3)
    assert found["ours"]["vs_scaled"]["value"] == pytest.approx(30.0 / best)
    assert found["ours"]["vs_scaled"]["reached"] is True
    assert found["vs_scaled"] == found["ours"]["vs_scaled"]
    assert found["assisted"] == found["ours"]
    assert "vs_scaled" not in found["half"]


def column(*values) -> np.ndarray:
    return np.array(values, float)[:, None]


def test_a_scaled_command_with_more_goals_and_hold_is_the_better_one():
    """Goals that fall with the gain: at 5 the curve has 4 s, but gain two has 6 goals and 9 s."""
    best, reached = best_scaled(column(4, 6), column(4 * 4 / 9, 9), np.array([5.0]))
    assert best == pytest.approx([9.0])
    assert reached.all()


def test_where_none_reaches_as_many_the_nearest_counts():
    best, reached = best_scaled(column(0, 6, 5), column(60, 9, 7), np.array([8.0]))
    assert best == pytest.approx([9.0])
    assert not reached.any()


def test_drops_above_the_still_hands_are_a_difference():
    found = against(family([10, 4, 0, 2], [0, 0, 0, 0]), "bare", "still", 0.95)
    above = {name: cell["drops_above_still"] for name, cell in found.items() if name != "still"}
    assert [above[name]["value"] for name in ("bare", "half", "ours")] == [10.0, 4.0, 2.0]
    assert above["ours"]["low"] == above["ours"]["high"] == 2.0
    assert "drops_above_still" not in found["still"]


def test_pairs_are_drawn_together_for_all_families():
    """Ours holds twice as long in each pair of both families: so it does in every resample."""
    drops = 2.0 * np.random.default_rng(0).integers(1, 9, (1, 1, 12))
    counts = {
        "time_s": np.full((1, 4, 12), 60.0),
        "drops": np.concatenate([drops, drops, drops, drops / 2], axis=1),
        "goals": np.full((1, 4, 12), 3.0),
        "first_s": np.full((1, 4, 12), 60.0),
    }
    drawn = {name: Resampled(counts, ANSWERS, 200, 3) for name in ("one", "two")}
    found = one_setting(drawn, CURVE, "bare", None, 0.95)
    exact = {"value": 2.0, "low": 2.0, "high": 2.0, "reached": True}
    assert found["ours"]["vs_scaled"] == pytest.approx(exact)
    assert "vs_scaled" not in found
    assert found["ours"]["hold_s_low"] < found["ours"]["hold_s"]

import json
import math

import numpy as np
import pytest

from models.estimates import hold, rate_per_minute
from models.moving import counted, goals_per_minute
from tasks.evaluation.metrics import COUNTS, figures, tabulate


def sums(**values) -> dict[str, np.ndarray | float]:
    return dict.fromkeys(COUNTS, 0.0) | values


@pytest.mark.parametrize(
    ("drops", "value", "low", "high"),
    [
        # chi2 with 2 degrees of freedom is exponential: its 97.5% point is -2 ln 0.025.
        (0, 100.0, 100.0 / -math.log(0.025), None),
        (1, 100.0, 200.0 / 11.1433, 100.0 / -math.log(0.975)),  # chi2(0.975; 4), from tables
        (10, 10.0, 100 / 18.390, 100 / 4.795),  # the inverse of Garwood's interval
    ],
)
def test_hold_of_100_seconds(drops, value, low, high):
    estimate = hold(100.0, drops, 0.95)
    assert estimate.value == value
    assert estimate.low == pytest.approx(low, rel=1e-3)
    assert estimate.high == (None if high is None else pytest.approx(high, rel=1e-3))


def test_a_higher_confidence_widens_the_interval():
    narrow, wide = hold(60.0, 5, 0.8), hold(60.0, 5, 0.99)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high  # type: ignore[operator]


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth, time_s = 4.0, 60.0
    drops = rng.poisson(time_s / truth, 2000)
    inside = [
        (e := hold(time_s, int(d), 0.95)).low <= truth and (e.high is None or truth <= e.high)
        for d in drops
    ]
    assert 0.94 <= np.mean(inside) <= 0.985  # exact intervals are a little conservative


def test_rate_per_minute():
    estimate = rate_per_minute(120.0, 10, 0.95)
    assert estimate.value == 5.0
    assert estimate.low == pytest.approx(4.795 / 2, rel=1e-3)
    assert estimate.high == pytest.approx(18.390 / 2, rel=1e-3)
    assert rate_per_minute(60.0, 0, 0.95).low == 0.0


def test_a_pair_counts_at_most_one_goal_a_second():
    assert counted(np.array([0.0, 59, 60, 100]), 60.0).tolist() == [0, 59, 60, 60]
    assert counted(np.array([19.0, 19.0]), np.array([15.0, 60.0])).tolist() == [15, 19]


def test_goals_a_minute_and_their_interval_are_over_pairs():
    """Half of 40 pairs reach 10 in a minute, half none: 5; deviation of the mean 5 / sqrt(40)."""
    minute = np.full(40, 60.0)
    found = goals_per_minute(np.array([0.0, 10.0] * 20), minute, 0.95)
    assert found.value == 5.0
    assert found.low == pytest.approx(5 - 1.96 * 5 / 40**0.5, abs=0.2)
    assert found.high == pytest.approx(5 + 1.96 * 5 / 40**0.5, abs=0.2)
    exact = goals_per_minute(np.full(40, 5.0), minute, 0.95)  # equal pairs leave no doubt
    assert (exact.value, exact.low, exact.high) == (5.0, 5.0, 5.0)


def test_without_pairs_to_draw_the_interval_is_poissons():
    one = goals_per_minute(np.array([10.0]), np.array([120.0]), 0.95)
    assert one == rate_per_minute(120.0, 10, 0.95)
    none = goals_per_minute(np.zeros(8), np.full(8, 60.0), 0.95)
    assert none == rate_per_minute(480.0, 0, 0.95)


def test_figures_take_what_counts_and_keep_the_number():
    """Three pairs of a minute: 4 + 8 + 60 of 90 that count, over 2 drops."""
    cell = figures(sums(drops=2, goals=np.array([4.0, 8, 90]), time_s=np.full(3, 60.0)), 0.95)
    assert (cell["goals_per_min"], cell["goals_per_drop"], cell["goals"]) == (24, 36, 102)


def test_figures_of_hand_made_counts():
    cell = figures(sums(time_s=90, drops=3, goals=6, segments=8, cosine=2, dot=0.5, square=2), 0.95)
    assert (cell["hold_s"], cell["goals_per_min"], cell["goals_per_drop"]) == (30.0, 4.0, 2.0)
    assert cell["intention"] == cell["intention_gain"] == 0.25
    assert (cell["drops"], cell["goals"], cell["time_s"]) == (3, 6, 90)


def test_figures_without_events_stay_finite_json():
    cell = figures(sums(time_s=60), 0.95)
    assert cell["goals_per_drop"] == 0.0
    assert cell["intention"] == cell["intention_gain"] == 0.0
    json.dumps(cell, allow_nan=False)


def test_tabulate_sums_windows_and_pairs_of_one_cell_only():
    shape = (2, 2, 3, 4)  # windows, perturbations, variants, pairs
    counts = {name: np.zeros(shape) for name in COUNTS}
    counts["time_s"][:] = 10.0
    counts["drops"][:, 1, 2] = 1.0
    table = tabulate(counts, ("a", "b"), ("x", "y", "z"), 0.95)
    assert table["b"]["z"]["drops"] == 8
    assert table["b"]["z"]["hold_s"] == 10.0
    assert table["a"]["z"]["drops"] == table["b"]["y"]["drops"] == 0
    assert table["a"]["x"]["time_s"] == 80.0


def test_the_median_of_the_first_drops_and_the_share_of_contacts_kept():
    """First drops at 1, 2, 9 and, in two windows of 10 s without one, at their end: median 9."""
    counts = {name: np.zeros((1, 1, 2, 5)) for name in COUNTS}
    counts["time_s"][:] = 10.0
    counts["first_s"][0, 0, 0] = [10, 1, 9, 2, 10]
    counts["asked"][0, 0, 0] = [2, 0, 1, 1, 0]
    counts["kept"][0, 0, 0] = [1, 0, 0, 0, 0]
    cells = tabulate(counts, ("a",), ("x", "y"), 0.95)["a"]
    assert cells["x"]["hold_median_s"] == 9.0
    assert cells["x"]["contacts_kept"] == 0.25
    assert cells["y"]["contacts_kept"] is None  # nothing was asked: no share

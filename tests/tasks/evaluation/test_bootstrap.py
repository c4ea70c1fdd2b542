"""Ratios and their intervals from counts that are worked by hand."""

import math

import numpy as np
import pytest

from tasks.evaluation.bootstrap import Resampled, against, matched, on_curve, summarize

COUNTED = ("time_s", "drops", "goals", "first_s")


def counts(**values) -> dict[str, np.ndarray]:
    """Return counts [windows, V, M] float64; those not given are 0."""
    given = {name: np.asarray(value, float) for name, value in values.items()}
    shape = next(iter(given.values())).shape
    return {name: given.get(name, np.zeros(shape)) for name in COUNTED}


def resampled(variants: str, resamples: int = 200, seed: int = 0, **values) -> Resampled:
    return Resampled(counts(**values), variants.split(), resamples, seed)


def test_the_value_is_that_of_the_sums():
    """bare: 80 s, 4 drops, 2 goals: 20 s and 1/2; held: 80 s, 2 drops, 6 goals: 40 s and 3."""
    made = resampled(
        "bare held",
        time_s=[[[20, 20], [20, 20]], [[20, 20], [20, 20]]],
        drops=[[[3, 0], [1, 0]], [[0, 1], [0, 1]]],
        goals=[[[1, 0], [0, 3]], [[1, 0], [1, 2]]],
    )
    found = against(made, "bare", "bare", 0.95)
    assert found["bare"] == {}
    assert found["held"]["hold"]["value"] == 2.0
    assert found["held"]["goals_per_drop"]["value"] == 6.0
    assert found["held"]["goals_per_min"]["value"] == 3.0
    assert found["held"]["hold"]["low"] <= 2.0 <= found["held"]["hold"]["high"]
    assert made.goals_per_min("held")[0] == 60 * 6 / 80


def test_a_pairs_goals_count_up_to_one_a_second():
    """Two pairs of a minute: 4 and 60 of 90, measured and in every resample."""
    made = resampled("one", time_s=[[[60, 60]]], drops=[[[1, 1]]], goals=[[[4, 90]]])
    np.testing.assert_array_equal(made.goals("one"), made.weights @ [4, 60])
    assert made.goals_per_min("one")[0] == 32
    assert made.goals_per_drop("one")[0] == 32


@pytest.fixture
def uneven() -> dict[str, np.ndarray]:
    """Counts of two identical variants and one that drops half as often, pair by pair."""
    drops = 2.0 * np.random.default_rng(0).integers(1, 9, (2, 1, 10))
    goals = np.random.default_rng(1).integers(1, 9, (2, 1, 10))
    return counts(
        time_s=np.full((2, 3, 10), 7.0),
        drops=np.concatenate([drops, drops, drops / 2], axis=1),
        goals=np.concatenate([goals, goals, goals], axis=1),
    )


def test_medians_are_of_the_pairs_first_drops():
    """still: 9, 10, 60; held: half of each pair's, so half in every resample as well."""
    still = np.array([[9.0, 60.0, 10.0]])
    made = resampled("still held", first_s=np.stack([still, still / 2], axis=1))
    assert made.median_hold("still")[0] == 10.0
    assert made.median_hold("still").std() > 1.0
    found = against(made, "still", "still", 0.95)["held"]["median_of_still"]
    assert found == {"value": 0.5, "low": 0.5, "high": 0.5}


def test_what_chance_gave_a_pair_falls_out(uneven):
    """Half the drops in every pair is twice the hold in every resample, wide as each hold is."""
    made = Resampled(uneven, ["bare", "same", "half"], 300, 5)
    found = against(made, "bare", "bare", 0.95)
    assert found["half"]["hold"] == {"value": 2.0, "low": 2.0, "high": 2.0}
    for key in ("hold", "goals_per_drop", "goals_per_min"):
        assert found["same"][key] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert made.hold("bare").std() > 0.05


def test_pairs_are_drawn_from_all_windows_with_their_number(uneven):
    made = Resampled(uneven, ["bare", "same", "half"], 300, 5)
    assert made.weights.shape == (301, 20)
    assert (made.weights[0] == 1).all()
    assert (made.weights.sum(axis=1) == 20).all()
    again = Resampled(uneven, ["bare", "same", "half"], 300, 5)
    np.testing.assert_array_equal(made.weights, again.weights)
    other = Resampled(uneven, ["bare", "same", "half"], 300, 6)
    assert (made.weights != other.weights).any()


def test_weights_meet_the_counts_of_their_own_pair():
    """Two windows of two pairs: a unit that is drawn twice brings its time and drops twice."""
    time = np.array([[[1, 2]], [[4, 8]]], float)
    made = resampled("one", 50, time_s=time, drops=time)
    np.testing.assert_array_equal(made.sums("one", "time_s"), made.weights @ [1, 2, 4, 8])


def test_without_a_drop_the_time_watched_counts():
    made = resampled("bare held", time_s=[[[30], [30]]], drops=[[[3], [0]]])
    assert against(made, "bare", "bare", 0.95)["held"]["hold"]["value"] == 3.0


def test_a_ratio_to_nothing_is_undefined():
    made = resampled("bare held", time_s=[[[9], [9]]], goals=[[[0], [4]]])
    found = against(made, "bare", "bare", 0.95)["held"]["goals_per_drop"]
    assert found == {"value": None, "low": None, "high": None}


def test_the_interval_is_that_of_the_percentiles():
    samples = np.array([50.0, *range(101)])
    assert summarize(samples, 0.9) == pytest.approx({"value": 50.0, "low": 5.0, "high": 95.0})


def test_undefined_resamples_are_left_out_up_to_the_tail():
    """A tail of 5 per cent of 100: with 5 undefined there is an interval, with 6 none."""
    samples = np.array([50.0, *range(100)])
    samples[1:6] = np.nan
    assert summarize(samples, 0.9)["low"] == pytest.approx(5 + 0.05 * 94)
    samples[6] = np.inf
    assert summarize(samples, 0.9) == {"value": 50.0, "low": None, "high": None}
    samples[0] = np.nan
    assert summarize(samples, 0.9)["value"] is None


@pytest.mark.parametrize(
    ("places", "x", "y", "found"),
    [
        # linear between its points; it ends with them
        ([0, 0.5, 2, 3, 4], [0, 2, 4], [1, 5, 3], [1, 2, 5, 4, 3]),
        ([-0.1, 4.1], [0, 2, 4], [1, 5, 3], [np.nan, np.nan]),
        # where it turns back, the higher branch counts: at 1.5 there are 3 and 5
        ([0.5, 1, 1.5, 2], [0, 2, 1], [0, 4, 6], [1, 6, 5, 4]),
        ([0.5, 1, 1.5, 2], [1, 2, 0], [6, 4, 0], [1, 6, 5, 4]),
        # of points of equal place the higher counts
        ([1, 2], [1, 1, 3], [3, 7, 1], [7, 4]),
        ([1], [1, 1], [7, 3], [7]),
        ([1], [1], [2], [np.nan]),  # a single point is no curve
    ],
)
def test_a_curve_by_hand(places, x, y, found):
    columns = [np.repeat(np.array(part, float)[:, None], len(places), axis=1) for part in (x, y)]
    np.testing.assert_array_equal(on_curve(*columns, np.array(places, float)), found)


def test_every_resample_has_a_curve_of_its_own():
    x, y = np.array([[0.0, 0.0], [2.0, 4.0]]), np.array([[0.0, 0.0], [2.0, 2.0]])
    assert on_curve(x, y, np.array([1.0, 1.0])).tolist() == [1.0, 0.5]


def test_a_variant_is_compared_with_the_scaled_command_of_equal_goals():
    """Of a minute: zero 0 goals and 1 drop, whole 6 and 4; half way log-linearly 30 s.

    `held` with 3 goals and one drop holds twice as long; `eager` has more goals than any, and is
    compared with `whole`, which holds 15 s as it does itself.
    """
    made = resampled(
        "zero whole held eager",
        time_s=[[[60], [60], [60], [60]]],
        drops=[[[1], [4], [1], [4]]],
        goals=[[[0], [6], [3], [9]]],
    )
    found = matched(made, ["zero", "whole"], 0.95)
    assert set(found) == {"held", "eager"}
    assert found["held"] == pytest.approx(
        {"hold_ratio": 2.0, "low": 2.0, "high": 2.0, "goals_per_min": 3.0, "reached": True}
    )
    assert found["eager"] == pytest.approx(
        {"hold_ratio": 1.0, "low": 1.0, "high": 1.0, "goals_per_min": 9.0, "reached": False}
    )
    assert math.isclose(math.exp(0.5 * (math.log(60) + math.log(15))), 30)

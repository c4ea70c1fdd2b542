"""How much a hand moves an object: goals a minute, as a mean over pairs that no few pairs make.

Pairs differ: some start where goals are easy and lie close together. So a pair's goals count up to
MOST a minute, and the interval comes from drawing pairs, not from counting goals.
"""

import numpy as np

from models.estimates import Estimate, rate_per_minute

# [1/min] of a pair, one a second: half of it is the dwell. While experts did not look at the
# object, a few pairs made most goals, and 12 was needed to know the mean (docs/history.md)
MOST = 60.0
RESAMPLES, SEED = 1000, 0


def counted(goals: np.ndarray, time_s: np.ndarray | float, most: float = MOST) -> np.ndarray:
    """Return how many of a pair's goals [...] in `time_s` [...] count, `most` a minute."""
    return np.minimum(goals, most * np.asarray(time_s) / 60.0)


def goals_per_minute(
    goals: np.ndarray, time_s: np.ndarray, confidence: float, most: float = MOST
) -> Estimate:
    """Estimate goals a minute from each pair's goals [M] and time [M].

    Where there is nothing to draw from, one pair or no goal, the interval is Poisson's.
    """
    many, minutes = counted(goals, time_s, most), time_s / 60.0
    if len(many) < 2 or not many.any():
        return rate_per_minute(float(time_s.sum()), round(many.sum()), confidence)
    rows = np.random.default_rng(SEED).integers(len(many), size=(RESAMPLES, len(many)))
    tail = (1.0 - confidence) / 2
    drawn = many[rows].sum(axis=1) / minutes[rows].sum(axis=1)
    low, high = np.quantile(drawn, (tail, 1.0 - tail))
    return Estimate(float(many.sum() / minutes.sum()), float(low), float(high))

"""How much a hand moves an object: goals a minute, as a mean over pairs that no few pairs make.

Pairs differ: some start where goals are easy and near one another. The tenth of them with the most
goals therefore count as much as the next one below (a winsorised mean), and the interval comes
from drawing pairs, not from counting goals.
"""

from collections.abc import Callable

import numpy as np

from tasks.evaluation.estimates import Estimate, rate_per_minute

CAPPED = 0.1  # share of the pairs whose goals are capped; fewer than ten are left as they are
RESAMPLES, SEED = 1000, 0


def bounded(goals: np.ndarray) -> np.ndarray:
    """Return the sum over pairs [...] of their goals [..., M], the largest tenth capped."""
    count = goals.shape[-1]
    below = count - 1 - int(CAPPED * count)
    cap = np.partition(goals, below, axis=-1)[..., below, None]
    return np.minimum(goals, cap).sum(axis=-1)


def goals_per_minute(goals: np.ndarray, time_s: float, confidence: float) -> Estimate:
    """Estimate from each pair's goals [M] in `time_s` of all pairs together [1/min].

    Where there is nothing to draw from, one pair or no goal, the interval is Poisson's.
    """
    if len(goals) < 2 or not goals.any():
        return rate_per_minute(time_s, round(goals.sum()), confidence)
    low, high = drawn(lambda rows: bounded(goals[rows]), len(goals), confidence)
    scale = 60.0 / time_s
    return Estimate(scale * float(bounded(goals)), scale * low, scale * high)


def drawn(
    statistic: Callable[[np.ndarray], np.ndarray], pairs: int, confidence: float
) -> tuple[float, float]:
    """Return the percentile interval of a statistic of resampled pairs, rows [R, M] -> [R]."""
    rows = np.random.default_rng(SEED).integers(pairs, size=(RESAMPLES, pairs))
    tail = (1.0 - confidence) / 2
    low, high = np.quantile(statistic(rows), (tail, 1.0 - tail))
    return float(low), float(high)

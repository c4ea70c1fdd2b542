"""Ratios between variants with intervals from a paired bootstrap; pure functions.

Pairs, and with them every variant's environments, are drawn together: what chance gave a pair, its
object, grasp and disturbances, falls out of the ratio. Counts are [windows, V, M] of one
perturbation; a unit that is drawn is a window's pair.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from models.moving import counted

Counts = Mapping[str, np.ndarray]  # name -> [windows, V, M]


class Resampled:
    """Sums over resampled pairs: row 0 as they were measured, then R resamples."""

    def __init__(
        self,
        counts: Counts,
        variants: Sequence[str],
        resamples: int,
        seed: int,
        controllers: int = 1,
    ) -> None:
        """Draw the pairs.

        Args:
            controllers: how many were measured on the same windows, one after the other along the
                first axis. A pair is drawn with the answers of all of them.
        """
        first = next(iter(counts.values()))
        units = first.shape[0] // controllers * first.shape[2]
        drawn = np.random.default_rng(seed).integers(units, size=(resamples, units))
        weights = np.stack([np.bincount(row, minlength=units) for row in drawn])
        weights = np.concatenate([np.ones((1, units)), weights])
        drawn = np.concatenate([np.arange(units)[None], drawn])
        self.weights = np.tile(weights, controllers)  # [1 + R, controllers x units]
        places = [drawn + each * units for each in range(controllers)]
        self.drawn = np.concatenate(places, axis=1)  # [1 + R, controllers x units]
        self.counts, self.variants = counts, list(variants)

    def sums(self, variant: str, name: str) -> np.ndarray:
        """Return a count's sum [1 + R]."""
        values = self.counts[name][:, self.variants.index(variant)]
        return self.weights @ values.ravel()

    def hold(self, variant: str) -> np.ndarray:
        """Return the time to a drop [1 + R] [s]; without a drop, the time watched."""
        return self.sums(variant, "time_s") / np.maximum(self.sums(variant, "drops"), 1.0)

    def median_hold(self, variant: str) -> np.ndarray:
        """Return the median time to the first drop [1 + R] [s]; at most the window's."""
        values = self.counts["first_s"][:, self.variants.index(variant)]
        return np.median(values.ravel()[self.drawn], axis=1)

    def goals(self, variant: str) -> np.ndarray:
        """Return the sum of the goals that count [1 + R] (models/moving.py)."""
        place = self.variants.index(variant)
        each = counted(self.counts["goals"][:, place], self.counts["time_s"][:, place])
        return self.weights @ each.ravel()

    def goals_per_drop(self, variant: str) -> np.ndarray:
        return self.goals(variant) / np.maximum(self.sums(variant, "drops"), 1.0)

    def drops_per_min(self, variant: str) -> np.ndarray:
        return 60.0 * self.sums(variant, "drops") / self.sums(variant, "time_s")

    def goals_per_min(self, variant: str) -> np.ndarray:
        return 60.0 * self.goals(variant) / self.sums(variant, "time_s")


def summarize(samples: np.ndarray, confidence: float) -> dict[str, float | None]:
    """Return the measured value and its percentile interval; a value that is undefined is None.

    Resamples in which it is undefined are left out; where they are more than the tail that the
    interval cuts off, there is no interval.
    """
    tail = (1.0 - confidence) / 2
    known = samples[1:][np.isfinite(samples[1:])]
    value = float(samples[0]) if np.isfinite(samples[0]) else None
    if value is None or len(known) < (1.0 - tail) * (len(samples) - 1):
        return {"value": value, "low": None, "high": None}
    low, high = np.quantile(known, (tail, 1.0 - tail))
    return {"value": value, "low": float(low), "high": float(high)}


def against(
    resampled: Resampled, bare: str, still: str, confidence: float
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return each variant's figures over those of the bare command and of the still hand.

    `drops_above_still` is a difference a minute and not a ratio, so that it is known where nothing
    drops.
    """
    over = {
        "hold": (resampled.hold, bare),
        "goals_per_drop": (resampled.goals_per_drop, bare),
        "goals_per_min": (resampled.goals_per_min, bare),
        "hold_of_still": (resampled.hold, still),
        "median_of_still": (resampled.median_hold, still),
    }
    found = {variant: {} for variant in resampled.variants}
    with np.errstate(divide="ignore", invalid="ignore"):
        for key, (figure, baseline) in over.items():
            below = figure(baseline)
            for variant in resampled.variants:
                if variant != baseline:
                    found[variant][key] = summarize(figure(variant) / below, confidence)
        below = resampled.drops_per_min(still)
        for variant in resampled.variants:
            if variant != still:
                above = resampled.drops_per_min(variant) - below
                found[variant]["drops_above_still"] = summarize(above, confidence)
    return found


def matched(
    resampled: Resampled, curve: Sequence[str], confidence: float
) -> dict[str, dict[str, float | bool | None]]:
    """Return each variant's hold over the longest of a scaled command with as many goals a minute.

    `curve` names the scaled commands in the order of their gains. `reached` says whether one has
    as many goals; where none has, the one that comes nearest is compared with.
    """
    goals = np.stack([resampled.goals_per_min(name) for name in curve])  # [C, 1 + R]
    holds = np.stack([resampled.hold(name) for name in curve])
    found = {}
    for variant in resampled.variants:
        if variant in curve:
            continue
        rate = resampled.goals_per_min(variant)
        best, reached = best_scaled(goals, holds, rate)
        cell = summarize(resampled.hold(variant) / best, confidence)
        found[variant] = {
            "hold_ratio": cell["value"],
            "low": cell["low"],
            "high": cell["high"],
            "goals_per_min": float(rate[0]),
            "reached": bool(reached[0]),
        }
    return found


def best_scaled(
    goals: np.ndarray, holds: np.ndarray, rate: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the longest hold [R] of a scaled command with at least as many goals, and whether one
    has [R] bool; where none has, the hold of the one that comes nearest.

    Args:
        goals, holds: [C, R] of the scaled commands in the order of their gains; between
            neighbours log hold is taken for linear in goals a minute.
        rate: goals a minute [R] to be reached.
    """
    logs = np.log(holds)
    enough = np.where(goals >= rate, logs, -np.inf).max(axis=0)
    between = on_curve(goals, logs, rate)
    best = np.fmax(enough, between)  # NaN: the curve does not pass there
    reached = goals.max(axis=0) >= rate
    nearest = np.take_along_axis(logs, goals.argmax(axis=0)[None], axis=0)[0]
    return np.exp(np.where(reached, best, nearest)), reached


def on_curve(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the greatest y [R] that the polylines x, y [C, R] have at `at` [R]; NaN: none."""
    best = np.full(at.shape, -np.inf)
    for a, b, low, high in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True):
        inside = (np.minimum(a, b) <= at) & (at <= np.maximum(a, b))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(a == b, 0.0, (at - a) / (b - a))
        value = np.where(a == b, np.maximum(low, high), low + share * (high - low))
        best = np.where(inside, np.maximum(best, value), best)
    return np.where(np.isfinite(best), best, np.nan)

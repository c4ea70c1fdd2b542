"""Hold time, goals and intention from counts, with intervals; pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

METER = ("segments", "cosine", "dot", "square")  # sums of the intention meter
# What became of a command on its way: its own size, and by how much each part changed it, each the
# mean absolute action of a hand that asks the controller, summed over steps.
OVERRIDES = ("commanded", "by_reading", "by_critic", "by_prior")
# What is counted in each environment and window. Every figure follows from their sums but the
# median of `first_s`, the time to the first drop or, without one, to the window's end; `kept` of
# `asked` contacts were still there when they were judged.
COUNTS = ("time_s", "drops", "goals", "first_s", "asked", "kept", *METER, *OVERRIDES)
Cell = dict[str, float | int | dict[str, float | None] | None]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; `high` is None where the data set no bound."""

    value: float
    low: float
    high: float | None


def hold(time_s: float, drops: int, confidence: float) -> Estimate:
    """Estimate the mean time to a drop [s] from censored observation.

    Drops are taken for a Poisson process watched for `time_s` in all: T / D, with the interval
    (2T / chi2(1 - a/2; 2D + 2), 2T / chi2(a/2; 2D)). Without any drop the value is T, as if one
    came just after the end, and there is no upper bound.
    """
    fewest, most = poisson_interval(drops, confidence)
    return Estimate(time_s / max(drops, 1), time_s / most, time_s / fewest if drops else None)


def rate_per_minute(time_s: float, events: int, confidence: float) -> Estimate:
    """Estimate a Poisson rate [1/min] with its exact interval."""
    minutes = time_s / 60
    fewest, most = poisson_interval(events, confidence)
    return Estimate(events / minutes, fewest / minutes, most / minutes)


def poisson_interval(events: int, confidence: float) -> tuple[float, float]:
    """Return Garwood's exact interval of a Poisson mean, given a count of it.

    Its bounds are chi2(a/2; 2k) / 2 and chi2(1 - a/2; 2k + 2) / 2 for k events.
    """
    from scipy.special import gammaincinv  # chi2(p; 2k) = 2 gammaincinv(k, p)

    tail = (1.0 - confidence) / 2
    low = float(gammaincinv(events, tail)) if events else 0.0
    return low, float(gammaincinv(events + 1, 1.0 - tail))


def figures(sums: Mapping[str, float], confidence: float) -> Cell:
    """Turn summed counts into one cell of the evaluation table.

    goals_per_drop is goals / max(drops, 1); intention is the mean cosine, intention_gain the
    mean gain weighted by the intended motion, both 0 where no segment counted; overridden is how
    much each part of the controller changed, relative to what was commanded.
    """
    time_s, drops, goals = sums["time_s"], round(sums["drops"]), round(sums["goals"])
    held = hold(time_s, drops, confidence)
    reached = rate_per_minute(time_s, goals, confidence)
    return {
        "hold_s": held.value,
        "hold_s_low": held.low,
        "hold_s_high": held.high,
        "goals_per_min": reached.value,
        "goals_per_min_low": reached.low,
        "goals_per_min_high": reached.high,
        "goals_per_drop": goals / max(drops, 1),
        "intention": sums["cosine"] / max(sums["segments"], 1),
        "intention_gain": sums["dot"] / sums["square"] if sums["square"] > 0 else 0.0,
        "contacts_kept": sums["kept"] / sums["asked"] if sums["asked"] else None,
        "overridden": overridden(sums),
        "time_s": time_s,
        "drops": drops,
        "goals": goals,
    }


def overridden(sums: Mapping[str, float]) -> dict[str, float | None]:
    """Return each part's change as a share of the command's size; None where none was asked."""
    size = sums["commanded"]
    return {
        part: sums[f"by_{part}"] / size if size else None for part in ("reading", "critic", "prior")
    }


def tabulate(
    counts: Mapping[str, np.ndarray],
    perturbations: tuple[str, ...],
    variants: tuple[str, ...],
    confidence: float,
) -> dict[str, dict[str, Cell]]:
    """Return figures by perturbation and variant from counts [windows, P, V, pairs]."""
    return {
        perturbation: {
            variant: figures(
                {name: float(np.sum(counts[name][:, i, j])) for name in COUNTS}, confidence
            )
            | {"hold_median_s": float(np.median(counts["first_s"][:, i, j]))}
            for j, variant in enumerate(variants)
        }
        for i, perturbation in enumerate(perturbations)
    }

"""Rates of rare events with exact intervals; pure functions."""

from dataclasses import dataclass


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

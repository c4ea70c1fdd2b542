"""The statistics that a LeRobotDataset keeps: of each episode, and of all of them."""

from collections.abc import Sequence

import numpy as np

from tasks.data.lerobot.features import Feature

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
BINS = 5000  # as LeRobot itself takes
Table = dict[str, dict[str, list]]  # feature -> statistic -> a number for each component


def measure_episode(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return an episode's statistics [C] by name; `values` [T, C] float64."""
    levels = np.quantile(values, list(QUANTILES.values()), axis=0)
    return {
        "min": values.min(axis=0),
        "max": values.max(axis=0),
        "mean": values.mean(axis=0),
        "std": values.std(axis=0),
        **dict(zip(QUANTILES, levels, strict=True)),
    }


class Totals:
    """Statistics of all rows, a batch at a time, in memory that does not grow.

    Quantiles are read off histograms of 5000 bins between the least and the greatest value, which
    are known beforehand, so an error is at most a bin's width.
    """

    def __init__(self, lower: np.ndarray, upper: np.ndarray) -> None:
        """Take the range [C] of every column; a value beyond it counts into the last bin."""
        self.lower, self.width = lower, np.where(upper > lower, upper - lower, 1.0)
        self.count = 0
        self.mean, self.squares = np.zeros_like(lower), np.zeros_like(lower)
        self.minimum, self.maximum = np.full_like(lower, np.inf), np.full_like(lower, -np.inf)
        self.histogram = np.zeros((len(lower), BINS), dtype=np.int64)

    def add(self, values: np.ndarray, measured: dict[str, np.ndarray]) -> None:
        """Count an episode in: its rows [T, C] and what `measure_episode` says of them."""
        rows, total = len(values), self.count + len(values)
        step = measured["mean"] - self.mean
        self.squares += rows * measured["std"] ** 2 + step**2 * (self.count * rows / total)
        self.mean += step * (rows / total)
        self.count = total
        self.minimum = np.minimum(self.minimum, measured["min"])
        self.maximum = np.maximum(self.maximum, measured["max"])
        bins = ((values - self.lower) / self.width * BINS).astype(np.int64).clip(0, BINS - 1)
        np.add.at(self.histogram, (np.arange(len(self.lower)), bins), 1)

    def result(self) -> dict[str, np.ndarray]:
        """Return the statistics [C] by name, as `measure_episode` does."""
        above = self.histogram.cumsum(axis=1)  # rows up to and with a bin
        levels = {}
        for name, share in QUANTILES.items():
            wanted = share * self.count
            bins = (above < wanted).sum(axis=1).clip(0, BINS - 1)[:, None]
            inside = np.take_along_axis(self.histogram, bins, axis=1)[:, 0]
            before = np.take_along_axis(above, bins, axis=1)[:, 0] - inside
            part = (wanted - before) / np.maximum(inside, 1)
            value = self.lower + (bins[:, 0] + part) / BINS * self.width
            levels[name] = value.clip(self.minimum, self.maximum)
        std = np.sqrt(self.squares / max(self.count, 1))
        return {
            "min": self.minimum,
            "max": self.maximum,
            "mean": self.mean,
            "std": std,
            **levels,
        }


def by_feature(measured: dict[str, np.ndarray], count: int, features: Sequence[Feature]) -> Table:
    """Cut statistics [C] into features, as meta/stats.json has them."""
    table: Table = {}
    start = 0
    for feature in features:
        part = slice(start, start + feature.size)
        table[feature.name] = {name: values[part].tolist() for name, values in measured.items()}
        table[feature.name]["count"] = [count]
        start += feature.size
    return table

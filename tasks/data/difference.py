"""What changed from one dataset to another: its rows by shard, its columns by statistics."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from envs.episodes.episodes import Manifest
from envs.episodes.statistics import Statistics

Names = Mapping[tuple[str, int], str]  # of columns, by field and index in it
Columns = Mapping[str, tuple[Statistics, int]]  # by name: the field's statistics, and index in it
LABELS = ("episode", "object", "style", "mode")


@dataclass(frozen=True)
class Rows:
    """Shards of one kind, and what they hold together."""

    shards: int
    episodes: int
    rows: int
    dropped: int
    bytes: int


@dataclass(frozen=True)
class Shift:
    """One column in both datasets; a value is nan where no row is finite."""

    column: str
    mean: tuple[float, float]
    std: tuple[float, float]
    minimum: tuple[float, float]
    maximum: tuple[float, float]

    @property
    def size(self) -> float:
        """Return how far the mean moved, in standard deviations of the first dataset.

        Infinite where it moved away from a constant, or from or to no finite value.
        """
        moved = abs(self.mean[1] - self.mean[0])
        if math.isnan(moved):
            return math.inf
        return moved / self.std[0] if self.std[0] > 0 else (math.inf if moved else 0.0)


def compare_rows(a: Manifest, b: Manifest) -> dict[str, Rows]:
    """Return the shards that are only in A, only in B, and in both; equal names: equal bytes."""
    return {
        "only in A": _rows(a, a.shards.keys() - b.shards.keys()),
        "only in B": _rows(b, b.shards.keys() - a.shards.keys()),
        "in both": _rows(a, a.shards.keys() & b.shards.keys()),
    }


def compare_statistics(a: Columns, b: Columns) -> list[Shift]:
    """Return the columns of both whose mean, std, minimum or maximum differ.

    The largest shift comes first; names of things, whose means mean nothing, last.
    """
    found = [
        shift
        for shift in (_shift(name, a[name], b[name]) for name in a if name in b)
        if any(
            one != other and not (math.isnan(one) and math.isnan(other))
            for one, other in (shift.mean, shift.std, shift.minimum, shift.maximum)
        )
    ]
    return sorted(found, key=lambda shift: (shift.column in LABELS, -shift.size, shift.column))


def columns_of(manifest: Manifest, names: Names) -> Columns:
    """Return a dataset's columns by name; one without a name is `field[index]`."""
    return {
        names.get((field, i), field if len(pooled.mean) == 1 else f"{field}[{i}]"): (pooled, i)
        for field, pooled in manifest.statistics().items()
        for i in range(len(pooled.mean))
    }


def _shift(name: str, a: tuple[Statistics, int], b: tuple[Statistics, int]) -> Shift:
    parts = ("mean", "std", "minimum", "maximum")
    pairs = ([float(getattr(pooled, part)[i]) for pooled, i in (a, b)] for part in parts)
    return Shift(name, *((one, other) for one, other in pairs))


def _rows(manifest: Manifest, names: set[str]) -> Rows:
    shards = [manifest.shards[name] for name in names]
    sums = {
        name: sum(getattr(shard, name) for shard in shards)
        for name in ("episodes", "rows", "dropped", "bytes")
    }
    return Rows(len(shards), **sums)

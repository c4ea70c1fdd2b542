"""What changed from one dataset to another: its rows by shard, its columns by statistics."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from envs.episodes import Manifest
from envs.statistics import Statistics

Names = Mapping[tuple[str, int], str]  # of columns, by field and index in it


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
        """Return how far the mean moved, in standard deviations of the first dataset."""
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


def compare_statistics(a: Manifest, b: Manifest, names: Names) -> list[Shift]:
    """Return the columns whose mean, std, minimum or maximum differ, the largest shift first.

    A column without a name among `names` is `field[index]`.
    """
    before, after = a.statistics(), b.statistics()
    found = [
        shift
        for field in before
        if field in after
        for shift in _shifts(field, before[field], after[field], names)
        if any(
            one != other and not (math.isnan(one) and math.isnan(other))
            for one, other in (shift.mean, shift.std, shift.minimum, shift.maximum)
        )
    ]
    return sorted(found, key=lambda shift: (-shift.size, shift.column))


def column_count(manifest: Manifest) -> int:
    return sum(len(statistics.mean) for statistics in manifest.statistics().values())


def _shifts(field: str, a: Statistics, b: Statistics, names: Names) -> list[Shift]:
    size = min(len(a.mean), len(b.mean))
    parts = ("mean", "std", "minimum", "maximum")
    return [
        Shift(
            names.get((field, i), field if size == 1 else f"{field}[{i}]"),
            *((float(getattr(a, part)[i]), float(getattr(b, part)[i])) for part in parts),
        )
        for i in range(size)
    ]


def _rows(manifest: Manifest, names: set[str]) -> Rows:
    shards = [manifest.shards[name] for name in names]
    return Rows(
        len(shards),
        sum(shard.episodes for shard in shards),
        sum(shard.rows for shard in shards),
        sum(shard.dropped for shard in shards),
        sum(shard.bytes for shard in shards),
    )

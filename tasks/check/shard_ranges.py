"""Columns over all shards of a dataset: the worst values, where they are, and who violates.

Looks at the arrays of the runs, never at shards: 40,000 shards are a few blocks of numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from envs.episodes.episodes import Manifest
from envs.episodes.runs import RunTable
from tasks.check.expectations import Column


@dataclass(frozen=True, eq=False)
class Worst:
    """The worst of each of K columns over all shards, and the shard that has it."""

    minimum: np.ndarray  # [K] nan where no value is finite
    maximum: np.ndarray  # [K]
    non_finite: np.ndarray  # [K] over all rows
    minimum_shard: list[str]  # [K]
    maximum_shard: list[str]  # [K]
    non_finite_shard: list[str]  # [K] of the most; "" if there are none


def worst(manifest: Manifest, columns: Sequence[Column]) -> Worst:
    """Return the worst of each column; the manifest has at least one run."""
    size = len(columns)
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    most, total = np.zeros(size, np.int64), np.zeros(size, np.int64)
    where = {name: [""] * size for name in ("low", "high", "most")}
    for table, own in _blocks(manifest, columns):
        lower = _without_nan(table.arrays["minimum"][:, own], np.inf)
        upper = _without_nan(table.arrays["maximum"][:, own], -np.inf)
        counts = table.arrays["non_finite"][:, own]
        total += counts.sum(axis=0)
        for name, values, held, better in (
            ("low", lower, low, np.less),
            ("high", upper, high, np.greater),
            ("most", counts, most, np.greater),
        ):
            rows = values.argmin(axis=0) if better is np.less else values.argmax(axis=0)
            found = values[rows, np.arange(size)]
            for k in np.flatnonzero(better(found, held)):
                held[k], where[name][k] = found[k], table.names[rows[k]]
    return Worst(
        np.where(np.isfinite(low), low, np.nan),
        np.where(np.isfinite(high), high, np.nan),
        total,
        where["low"],
        where["high"],
        where["most"],
    )


def violating_shards(manifest: Manifest, columns: Sequence[Column]) -> dict[str, list[str]]:
    """Return the shards in which a column is out of its range or not finite, by column, sorted."""
    found: dict[str, list[str]] = {column.name: [] for column in columns}
    lower = np.array([column.lower for column in columns])
    upper = np.array([column.upper for column in columns])
    for table, own in _blocks(manifest, columns):
        held = {k: table.arrays[k][:, own] for k in ("minimum", "maximum", "non_finite")}
        bad = (held["minimum"] < lower) | (held["maximum"] > upper) | (held["non_finite"] > 0)
        for column, rows in zip(columns, bad.T, strict=True):
            found[column.name] += [table.names[row] for row in np.flatnonzero(rows)]
    return {name: sorted(shards) for name, shards in found.items()}


def _blocks(
    manifest: Manifest, columns: Sequence[Column]
) -> Iterator[tuple[RunTable, np.ndarray | slice]]:
    """Yield each run's table and where the columns are in it."""
    for run in manifest.runs:
        held = run.table.columns
        own = np.array([held[column.field].start + column.index for column in columns], int)
        whole = np.array_equal(own, np.arange(run.table.arrays["minimum"].shape[1]))
        yield run.table, slice(None) if whole else own  # a slice is no copy


def _without_nan(values: np.ndarray, instead: float) -> np.ndarray:
    return np.where(np.isnan(values), instead, values)

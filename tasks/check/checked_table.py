"""The table of a dataset that expectations are held against: numbers, each with its range.

summary     the whole dataset: rows, share of drops
shares      a known object, style or mode: the share of the rows that carry it
statistics  a column over every row: its least and its greatest value, how many are not finite
previous    a column's mean and standard deviation, against those of the version before
coverage    what a style covers, against the version before (coverage.py)
sample      values in some rows of the shards themselves, so that statistics are not only believed

The table does not grow with the dataset: 40,000 shards cost no row more than one does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from configs.layout import Layout
from configs.schema.check import Check
from envs.episodes.episodes import Manifest
from tasks.check.expectations import Column, Finding, Known, column_values
from tasks.data.dataset_commits import Arrays


@dataclass(frozen=True)
class Sample:
    """How many rows are looked at again, in how many shards at most."""

    rows: int
    shards: int


def checked_rows(
    manifest: Manifest, columns: Sequence[Column], known: Known, check: Check
) -> Iterator[Finding]:
    """Yield what is known of a dataset without its shards and without the version before.

    What no finite value is known of is nan, and left out: that is said of `non_finite`. A value
    that is not known to its label is out of its column's range, and found there.
    """
    rows = manifest.rows
    said = f"{rows} rows, check.min_rows asks for {check.min_rows}"
    yield Finding("summary", "rows", "number", rows, check.min_rows, np.inf, said)
    dropped, episodes = manifest.drops_of_all
    most = check.max_drop_share
    said = f"{dropped} of {episodes} episodes end in a drop, check.max_drop_share allows {most:g}"
    yield Finding("summary", "drop_share", "share", drop_share(manifest), 0.0, most, said)
    for label, names in known.items():
        part = getattr(check.min_share, label)
        least = 0.0 if part is None else part / len(names)
        for index, name in enumerate(names):
            count = manifest.rows_by.get(label, {}).get(str(index), 0)
            share = count / max(rows, 1)
            said = (
                f"{count} of {rows} rows, a share of {share:.3g}; "
                f"check.min_share.{label} asks for {least:.3g}"
            )
            yield Finding("shares", f"{label}.{name}", "share", share, least, np.inf, said)
    pooled = manifest.statistics() if manifest.runs else {}
    for what in ("non_finite", "minimum", "maximum"):
        for column in columns if pooled else ():
            value = float(getattr(pooled[column.field], what)[column.index])
            ends = (0.0, 0.0) if what == "non_finite" else (column.lower, column.upper)
            yield Finding("statistics", column.name, what, value, *ends)


def drop_share(manifest: Manifest) -> float:
    """Return the share of episodes that ended in a drop, of all that were rolled out."""
    drops, episodes = manifest.drops_of_all
    return drops / max(episodes, 1)


def sampled_rows(
    manifest: Manifest,
    open_arrays: Callable[[str], Arrays],
    columns: Sequence[Column],
    layout: Layout,
    sample: Sample,
    rng: np.random.Generator,
) -> Iterator[pd.DataFrame]:
    """Yield every column's value in some rows of the dataset, a shard at a time.

    One row of the table a value: few expectations over a long table take a tenth of the time
    of many over a wide one.
    """
    for name, rows in draw_rows(manifest, sample, rng):
        arrays = open_arrays(name)
        values = [column_values(column, arrays, layout, rows) for column in columns]
        yield pd.DataFrame(
            {
                "table": "sample",
                "column": np.repeat([column.name for column in columns], len(rows)),
                "what": "value",
                "value": np.concatenate(values),
                "lower": np.repeat([column.lower for column in columns], len(rows)),
                "upper": np.repeat([column.upper for column in columns], len(rows)),
                "reason": "",
                "shard": name,
            }
        )


def draw_rows(
    manifest: Manifest, sample: Sample, rng: np.random.Generator
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (shard, ascending rows): in few shards if there are many, since each is opened.

    A shard is drawn by its number of rows, so every row has the same chance.
    """
    listed = sorted(
        (name, rows)
        for run in manifest.runs
        for name, rows in zip(run.table.names, run.table.counted["rows"].tolist(), strict=True)
    )
    names, counts = [name for name, _ in listed], np.array([rows for _, rows in listed])
    if not listed:
        return
    if len(names) > sample.shards:
        drawn = rng.choice(len(names), size=sample.shards, p=counts / counts.sum())
        chosen = np.unique(drawn)  # with repetition, made unique
    else:
        chosen = np.arange(len(names))
    total = counts[chosen].sum()
    # Draws with repetition, made unique: no memory for a permutation of large shards.
    few = total <= sample.rows
    rows = np.arange(total) if few else np.unique(rng.integers(total, size=sample.rows))
    ends = np.cumsum(counts[chosen])
    for shard, start, end in zip(chosen, np.r_[0, ends[:-1]], ends, strict=True):
        own = rows[(rows >= start) & (rows < end)] - start
        if len(own):
            yield names[shard], own

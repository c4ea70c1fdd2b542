"""The tables of a dataset that expectations are held against.

summary     one row: the whole dataset
shares      one row a known object, style and mode: the rows that carry it
statistics  one row a column: its range, measured over every row
previous    one row a column: mean and standard deviation now and in the version before
sample      some rows of the shards themselves, so that the statistics are not only believed

No table grows with the dataset: 40,000 shards cost no row more than one does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from configs.layout import Layout
from configs.schema.check import Shares
from envs.episodes.episodes import Manifest
from envs.episodes.statistics import Statistics
from tasks.check.expectations import Column, Known, column_values
from tasks.check.previous import Change
from tasks.data.dataset_commits import Arrays


@dataclass(frozen=True)
class Sample:
    """How many rows are looked at again, in how many shards at most."""

    rows: int
    shards: int


def summary_table(manifest: Manifest) -> pd.DataFrame:
    row = {
        "runs": len(manifest.runs),
        "shards": sum(run.shards for run in manifest.runs),
        "rows": manifest.rows,
        "episodes": manifest.episodes,
        "drop_share": drop_share(manifest),
    }
    return pd.DataFrame([dict(manifest.counts) | row])


def drop_share(manifest: Manifest) -> float:
    """Return the share of episodes that ended in a drop, of all that were rolled out."""
    drops, episodes = manifest.drops_of_all
    return drops / max(episodes, 1)


def shares_table(manifest: Manifest, known: Known, least: Shares) -> pd.DataFrame:
    """Return how many rows carry each known object, style and mode, and how many must.

    A value that is not known is out of its column's range, and found there.
    """
    rows = []
    for label, names in known.items():
        part = getattr(least, label)
        for index, name in enumerate(names):
            count = manifest.rows_by.get(label, {}).get(str(index), 0)
            share = count / max(manifest.rows, 1)
            least_share = 0.0 if part is None else part / len(names)
            rows.append((f"{label}.{name}", count, share, least_share))
    return pd.DataFrame(rows, columns=["column", "rows", "share", "least"])


def statistics_table(manifest: Manifest, columns: Sequence[Column]) -> pd.DataFrame:
    """Return each column's allowed range, and its own over every row."""
    if not manifest.runs:
        return pd.DataFrame()
    pooled = manifest.statistics()
    rows = [(c.name, c.lower, c.upper, *_range(pooled[c.field], c.index)) for c in columns]
    names = ("column", "lower", "upper", "minimum", "maximum", "non_finite")
    return pd.DataFrame(rows, columns=names)


def _range(pooled: Statistics, index: int) -> tuple[float, float, int]:
    return pooled.minimum[index], pooled.maximum[index], pooled.non_finite[index]


def previous_table(changed: Sequence[Change]) -> pd.DataFrame:
    return pd.DataFrame([asdict(change) for change in changed])


def sample_table(
    manifest: Manifest,
    open_arrays: Callable[[str], Arrays],
    columns: Sequence[Column],
    layout: Layout,
    sample: Sample,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return every column's value in some rows of the dataset.

    One row of the table a value: few expectations over a long table take a tenth of the time
    of many over a wide one.
    """
    parts = []
    for name, rows in draw_rows(manifest, sample, rng):
        arrays = open_arrays(name)
        values = [column_values(column, arrays, layout, rows) for column in columns]
        parts.append(
            pd.DataFrame(
                {
                    "shard": name,
                    "row": np.tile(rows, len(columns)),
                    "column": np.repeat([column.name for column in columns], len(rows)),
                    "value": np.concatenate(values),
                    "lower": np.repeat([column.lower for column in columns], len(rows)),
                    "upper": np.repeat([column.upper for column in columns], len(rows)),
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


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

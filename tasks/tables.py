"""The tables of a dataset that expectations are held against.

summary     one row: the whole dataset
statistics  one row a shard and column, measured by the writers over every row
sample      some rows of the shards themselves, so that the statistics are not only believed
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from configs.layout import Layout
from envs.episodes import Manifest, open_shard
from tasks.expectations import Column, column_values

if TYPE_CHECKING:
    import pandas as pd

SHARD_DIGITS = 12  # of a shard's hash, for people


def short_name(shard: str) -> str:
    """Return a shard's name as people see it: the first digits of its hash."""
    return Path(shard).stem[:SHARD_DIGITS]


def summary_table(manifest: Manifest) -> "pd.DataFrame":
    import pandas as pd

    row = {
        "rows": manifest.rows,
        "episodes": manifest.episodes,
        "drop_share": drop_share(manifest),
    }
    return pd.DataFrame([dict(manifest.counts) | row])


def drop_share(manifest: Manifest) -> float:
    """Return the share of episodes that ended in a drop, of all that were rolled out."""
    drops, episodes = manifest.drops_of_all
    return drops / max(episodes, 1)


def statistics_table(manifest: Manifest, columns: Sequence[Column]) -> "pd.DataFrame":
    """Return the statistics of every (shard, column) beside the column's range."""
    import pandas as pd

    names = ("minimum", "maximum", "mean", "std", "non_finite")
    rows = []
    for shard, held in manifest.shards.items():
        for column in columns:
            statistics = held.statistics[column.field]
            measured = (getattr(statistics, name)[column.index] for name in names)
            rows.append((shard, column.name, held.rows, column.lower, column.upper, *measured))
    return pd.DataFrame(rows, columns=["shard", "column", "rows", "lower", "upper", *names])


def sample_table(
    folder: Path,
    manifest: Manifest,
    columns: Sequence[Column],
    layout: Layout,
    size: int,
    rng: np.random.Generator,
) -> "pd.DataFrame":
    """Return every column's value in at most `size` rows drawn over the whole dataset.

    One row of the table a value: few expectations over a long table take a tenth of the time
    of many over a wide one.
    """
    import pandas as pd

    total = manifest.rows
    # Draws with repetition, made unique: no memory for a permutation of a large dataset.
    chosen = np.arange(total) if total <= size else np.unique(rng.integers(total, size=size))
    parts, start = [], 0
    for name, shard in manifest.shards.items():
        rows = chosen[(chosen >= start) & (chosen < start + shard.rows)] - start
        start += shard.rows
        if len(rows) == 0:
            continue
        arrays = open_shard(folder / name, layout)
        for column in columns:
            values = column_values(column, arrays, layout, rows)
            ends = {"lower": column.lower, "upper": column.upper}
            part = {"shard": name, "row": rows, "column": column.name, "value": values, **ends}
            parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

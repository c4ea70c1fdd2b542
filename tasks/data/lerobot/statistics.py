"""The statistics that a LeRobotDataset keeps: of each episode, and of all of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import acero

from tasks.data.lerobot.features import Feature

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
CENTROIDS = 2000  # of a t-digest: a quantile's rank is off by less than a thousandth
SUMS = ("min", "max", "mean", "stddev")  # pyarrow's names; LeRobot says std
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


def measure_all(folder: Path, features: Sequence[Feature]) -> dict[str, np.ndarray]:
    """Return the statistics [C] of all frames in a folder of parquet files, as `measure_episode`.

    The files are streamed, in their order and by one thread: memory does not grow with them, and
    equal files give equal numbers. Quantiles are those of a t-digest.
    """
    columns = [column for feature in features for column in _columns(feature)]
    key = "all"  # one group: without groups a t-digest gives one quantile alone
    digest = pc.TDigestOptions(q=list(QUANTILES.values()), delta=CENTROIDS)
    names = [str(number) for number in range(len(columns))]
    asked = [(name, f"hash_{what}", None, f"{what} {name}") for name in names for what in SUMS]
    asked += [(name, "hash_tdigest", digest, f"tdigest {name}") for name in names]
    plan = [
        acero.Declaration("scan", acero.ScanNodeOptions(ds.dataset(folder, format="parquet"))),
        acero.Declaration(
            "project", acero.ProjectNodeOptions([*columns, pc.scalar(0)], [*names, key])
        ),
        acero.Declaration("aggregate", acero.AggregateNodeOptions(asked, keys=[key])),
    ]
    (row,) = acero.Declaration.from_sequence(plan).to_table(use_threads=False).to_pylist()
    levels = np.array([row[f"tdigest {name}"] for name in names])  # [C, 5]
    sums = {what: np.array([row[f"{what} {name}"] for name in names]) for what in SUMS}
    return {"std": sums.pop("stddev"), **sums, **dict(zip(QUANTILES, levels.T, strict=True))}


def _columns(feature: Feature) -> list[pc.Expression]:
    """Return a feature's components as numbers."""
    element = cast(Any, pc).list_element  # made when pyarrow is imported: not in its stubs
    held = pc.field(feature.name)
    parts = [element(held, i) for i in range(feature.size)] if feature.names else [held]
    whole = [part.cast(pa.uint8()) if feature.dtype == "bool" else part for part in parts]
    return [part.cast(pa.float64()) for part in whole]


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

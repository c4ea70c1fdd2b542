"""Statistics of episode columns over every row, exact under merging.

A column is one number of a frame: `joint_position` of n joints is n columns. Beside the stored
fields stand derived ones, which turn a rule between numbers into a range of one number:

    <pose>.norm   length of the quaternion of a pose field; 1 for a rotation, and where a value is
                  not finite, since that is said of the value's own column
    step.jump     step minus the step that must come here: 0, 1, 2, ... in each episode
    drop.early    1 where a drop is marked and its episode goes on: a drop ends it
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

POSE_UNIT = "m, quaternion wxyz"
ARRAYS = ("minimum", "maximum", "mean", "std", "non_finite")  # of Statistics


@dataclass(frozen=True, eq=False)  # arrays
class Statistics:
    """Per column of one field, flattened in C order: range, moments, and what is not finite.

    Range and moments are over the finite values; a column without any has nan there.
    """

    count: int  # rows, not finite ones included
    minimum: np.ndarray  # [C] float64
    maximum: np.ndarray  # [C] float64
    mean: np.ndarray  # [C] float64
    std: np.ndarray  # [C] float64, of the population
    non_finite: np.ndarray  # [C] int64, values that are nan or infinite


def derived(arrays: Mapping[str, np.ndarray], units: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Return the derived columns [R] of a shard's arrays; `units` are the layout's, by field."""
    columns = {}
    for name, array in arrays.items():
        if units[name] == POSE_UNIT:
            norm = np.linalg.norm(array[:, 3:].astype(np.float64), axis=1)
            columns[f"{name}.norm"] = np.where(np.isfinite(norm), norm, 1.0)
    step = arrays["step"].astype(np.int64)
    border = np.diff(arrays["episode"]) != 0
    first, last = np.r_[True, border], np.r_[border, True]
    expected = np.where(first, 0, np.r_[0, step[:-1] + 1])
    columns["step.jump"] = step - expected
    if "drop" in arrays:
        columns["drop.early"] = ((arrays["drop"] != 0) & ~last).astype(np.int64)
    return columns


def measure(array: np.ndarray) -> Statistics:
    """Measure an array [R, ...] of one field; R is at least 1."""
    values = array.reshape(len(array), -1).astype(np.float64)  # [R, C]
    finite = np.isfinite(values)
    number = finite.sum(axis=0)
    known = np.where(finite, values, 0.0)
    divisor = np.maximum(number, 1)
    mean = known.sum(axis=0) / divisor
    spread = np.where(finite, values - mean, 0.0)
    std = np.sqrt((spread**2).sum(axis=0) / divisor)
    return Statistics(
        count=len(values),
        minimum=_or_nan(np.where(finite, values, np.inf).min(axis=0), number),
        maximum=_or_nan(np.where(finite, values, -np.inf).max(axis=0), number),
        mean=_or_nan(mean, number),
        std=_or_nan(std, number),
        non_finite=len(values) - number,
    )


def pool(parts: Iterable[Statistics]) -> Statistics:
    """Join the statistics of disjoint rows, as if measured at once (rounding aside)."""
    rows = list(parts)
    arrays = {name: np.stack([getattr(part, name) for part in rows]) for name in ARRAYS}
    return pool_arrays(np.array([part.count for part in rows]), arrays)


def pool_arrays(count: np.ndarray, arrays: Mapping[str, np.ndarray]) -> Statistics:
    """Join P statistics of disjoint rows: `count` [P] and each of ARRAYS [P, C], P at least 1."""
    number = count[:, None] - arrays["non_finite"]  # [P, C]
    total = number.sum(axis=0)
    divisor = np.maximum(total, 1)
    means = np.nan_to_num(arrays["mean"])
    mean = (number * means).sum(axis=0) / divisor
    within = np.nan_to_num(arrays["std"]) ** 2
    std = np.sqrt((number * (within + (means - mean) ** 2)).sum(axis=0) / divisor)
    return Statistics(
        count=int(count.sum()),
        minimum=np.fmin.reduce(arrays["minimum"]),
        maximum=np.fmax.reduce(arrays["maximum"]),
        mean=_or_nan(mean, total),
        std=_or_nan(std, total),
        non_finite=arrays["non_finite"].sum(axis=0),
    )


def join_columns(parts: Iterable[Statistics]) -> Statistics:
    """Return the statistics of several fields of the same rows as those of one wide field."""
    rows = list(parts)
    arrays = {name: np.concatenate([getattr(part, name) for part in rows]) for name in ARRAYS}
    return Statistics(count=rows[0].count, **arrays)


def split_columns(joined: Statistics, columns: Mapping[str, slice]) -> dict[str, Statistics]:
    """Return each field's part of what `join_columns` joined."""
    return {
        field: Statistics(joined.count, **{name: getattr(joined, name)[own] for name in ARRAYS})
        for field, own in columns.items()
    }


def to_json(statistics: Statistics) -> dict:
    """Return plain JSON values; nan becomes null."""
    floats = {
        name: [None if np.isnan(value) else float(value) for value in getattr(statistics, name)]
        for name in ("minimum", "maximum", "mean", "std")
    }
    whole = [int(value) for value in statistics.non_finite]
    return {"count": statistics.count, **floats, "non_finite": whole}


def from_json(values: Mapping) -> Statistics:
    """Read what `to_json` returned."""
    floats = {
        name: np.array(values[name], dtype=np.float64)  # None becomes nan
        for name in ("minimum", "maximum", "mean", "std")
    }
    whole = np.array(values["non_finite"], dtype=np.int64)
    return Statistics(count=values["count"], non_finite=whole, **floats)


def _or_nan(values: np.ndarray, number: np.ndarray) -> np.ndarray:
    return np.where(number > 0, values, np.nan)

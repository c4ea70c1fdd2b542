"""What the layout lets one expect of every column of a dataset: its name and its range."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from configs.layout import NO_OBJECT, Layout
from configs.schema.check import Margins
from envs.episodes.statistics import POSE_UNIT, derived

AXES = ("x", "y", "z")
QUATERNION = ("qw", "qx", "qy", "qz")
JUMP, EARLY = "step.jump", "drop.early"

Known = Mapping[str, Sequence[str]]  # label (object, style, mode) -> names, by index
NOTHING: Known = {}


@dataclass(frozen=True)
class Column:
    """One number of a frame and its allowed range, both ends included."""

    name: str  # joint_position.index_base, object_pose.qw, step, ...
    field: str  # of the layout, or a derived column
    index: int  # in the field, flattened in C order
    lower: float
    upper: float


class Finding(NamedTuple):
    """What is known of a dataset, with the range that it must be in (checked_table.py)."""

    table: str
    column: str
    what: str
    value: float
    lower: float
    upper: float
    reason: str = ""  # what is wrong if it is beyond; a column's rows and shards say it themselves
    shard: str = ""  # of the sample alone


def expected_columns(
    layout: Layout, margins: Margins, fields: Sequence[str], known: Known = NOTHING
) -> list[Column]:
    """Return the columns of the given fields of the layout, the derived ones last.

    `known` are the names that the indices of `object` and `style` count; of a label that it does
    not have any index is allowed.
    """
    return [
        Column(f"{name}.{part}" if part else name, name, index, float(low), float(high))
        for name, (low, high) in _ranges(layout, margins, fields, known).items()
        for index, (part, low, high) in enumerate(
            zip(_parts(layout, name), np.atleast_1d(low), np.atleast_1d(high), strict=True)
        )
    ]


def column_names(layout: Layout, fields: Sequence[str]) -> dict[tuple[str, int], str]:
    """Return the columns' names by field and index in it."""
    return {
        (name, index): f"{name}.{part}" if part else name
        for name in layout.fields
        if name in fields
        for index, part in enumerate(_parts(layout, name))
    }


def column_values(
    column: Column,
    arrays: Mapping[str, np.ndarray],
    layout: Layout,
    rows: np.ndarray | slice = slice(None),
) -> np.ndarray:
    """Return a column's values [R] in a shard's arrays, or in some rows of it."""
    if column.field in arrays:
        array = arrays[column.field][rows]
        return array.reshape(len(array), -1)[:, column.index].astype(np.float64)
    units = {name: field.unit for name, field in layout.fields.items()}
    return derived(arrays, units)[column.field][rows].astype(np.float64)


def violating_rows(column: Column, values: np.ndarray) -> np.ndarray:
    """Return the indices of values that are outside the column's range or not finite."""
    return np.flatnonzero(~((values >= column.lower) & (values <= column.upper)))


def _ranges(
    layout: Layout, margins: Margins, fields: Sequence[str], known: Known
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return (lower, upper) of each field's components [C], derived columns last."""
    bounds = _bounds(layout, margins, known)
    ordered = {name: bounds[name] for name in layout.fields if name in fields}
    unit = np.array([margins.quaternion])
    for name in tuple(ordered):
        if layout.fields[name].unit == POSE_UNIT:
            ordered[f"{name}.norm"] = (1.0 - unit, 1.0 + unit)
    ordered[JUMP] = (np.zeros(1), np.zeros(1))
    if "drop" in fields:
        ordered[EARLY] = (np.zeros(1), np.zeros(1))
    return ordered


def _bounds(
    layout: Layout, margins: Margins, known: Known
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return (lower, upper) [C] of every field of the layout; a field without one is a defect."""
    lower, upper = np.array(layout.joint_lower), np.array(layout.joint_upper)
    beyond = {
        "joint_position": margins.joint_position,
        "joint_observation": margins.joint_observation,
        "joint_target": margins.joint_target,
    }
    pose = np.r_[np.full(3, margins.distance), np.full(4, 1.0 + margins.quaternion)]
    symmetric = {
        "keypoints": np.full(3 * layout.num_keypoints, margins.distance),
        "command": np.full(layout.num_joints, 1.0 + margins.action),
        "action": np.full(layout.num_joints, 1.0 + margins.action),
        "object_pose": pose,
        "goal_pose": pose,
        "gravity": np.full(3, margins.gravity),
    }
    highest = {
        "episode": np.inf,
        "step": np.inf,
        "object": np.inf,
        "style": np.inf,
        "mode": len(layout.modes) - 1,
        **{label: len(names) - 1 for label, names in known.items()},
        "clean": 1,
        "drop": 1,
    }
    least = {"object": NO_OBJECT}
    return (
        {name: (lower - margin, upper + margin) for name, margin in beyond.items()}
        | {name: (-bound, bound) for name, bound in symmetric.items()}
        | {
            name: (np.array([float(least.get(name, 0))]), np.array([float(high)]))
            for name, high in highest.items()
        }
    )


def _parts(layout: Layout, name: str) -> Iterator[str]:
    """Yield the names of a field's components, in C order; one empty name for a scalar."""
    field = layout.fields.get(name)
    if field is None or not field.shape:
        yield ""
    elif field.shape == (layout.num_joints,) and field.unit != POSE_UNIT:
        yield from layout.joint_names
    elif field.unit == POSE_UNIT:
        yield from AXES + QUATERNION
    elif len(field.shape) == 2:
        yield from (f"{point}.{axis}" for point in layout.keypoint_names for axis in AXES)
    else:
        yield from AXES

"""What of a layout's frame is called what in a LeRobotDataset, and its components' names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from configs.layout import Field, Layout

# A policy of LeRobot is given what begins with `observation`, and predicts `action`: what a
# controller cannot know, or is not to copy, has other names.
FEATURES = {
    "joint_observation": "observation.state",
    "joint_target": "observation.joint_target",
    "keypoints": "observation.keypoints",
    "action": "action",
    "command": "command",
    "joint_position": "joint_position",
    "object": "object_index",
    "style": "style_index",
    "mode": "mode_index",
    "clean": "clean",
    "object_pose": "privileged.object_pose",
    "goal_pose": "privileged.goal_pose",
    "gravity": "privileged.gravity",
    "drop": "next.drop",
}
COUNTED = ("episode", "step")  # told by episode_index and frame_index
DONE = "next.done"
# In every LeRobotDataset (lerobot.utils.constants.DEFAULT_FEATURES).
DEFAULTS = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
XYZ = ("x", "y", "z")
POSE = (*XYZ, "qw", "qx", "qy", "qz")


@dataclass(frozen=True)
class Feature:
    """One column of the data files; `names` has a name for each of its `size` components."""

    name: str
    field: str  # of the layout; "" where it is made here
    dtype: str
    names: tuple[str, ...]  # empty for a single number

    @property
    def size(self) -> int:
        return max(len(self.names), 1)

    def info(self) -> dict[str, Any]:
        """Return the feature's entry in meta/info.json."""
        names = list(self.names) or None
        return {"dtype": self.dtype, "shape": [self.size], "names": names}

    def column(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the feature's values [T, size] in its dtype; `arrays` are fields [T, ...]."""
        values = arrays[self.field or self.name]
        return values.reshape(len(values), self.size).astype(self.dtype, copy=False)


def features_of(layout: Layout, fields: tuple[str, ...]) -> list[Feature]:
    """Return the features of a dataset with these fields of the layout, in the columns' order."""
    stored = [
        Feature(FEATURES.get(name, name), name, dtype_of(field), names_of(field, layout))
        for name, field in layout.fields.items()
        if name in fields and name not in COUNTED
    ]
    made = [Feature(name, "", dtype, ()) for name, dtype in DEFAULTS.items()]
    return [*stored, Feature(DONE, "", "bool", ()), *made]


def dtype_of(field: Field) -> str:
    if field.unit == "flag":
        return "bool"
    return field.dtype if field.dtype.startswith("float") else "int64"


def names_of(field: Field, layout: Layout) -> tuple[str, ...]:
    """Return a name for each component of a field, flattened in C order; () for a number."""
    if field.shape == ():
        return ()
    if field.name == "keypoints":
        return tuple(f"{point}.{axis}" for point in layout.keypoint_names for axis in XYZ)
    if field.name in ("object_pose", "goal_pose"):
        return POSE
    if field.name == "gravity":
        return XYZ
    if field.shape == (layout.num_joints,):
        return layout.joint_names
    return tuple(str(i) for i in range(int(np.prod(field.shape))))

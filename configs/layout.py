"""The layout: what the numbers of every array mean. Joints, keypoints, fields of a shard, rate.

Everything that is stored or exchanged (episodes, checkpoints, bundles) carries the
fingerprint of its layout; a reader with another layout refuses it. Nothing outside this
file and the hand's YAML knows how many joints or keypoints there are.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import Field as Limit

from configs.errors import UserError
from configs.schema.hand import Hand
from configs.schema.strict import strict
from configs.schema.task import Control

NO_OBJECT = -1  # in the field `object`: the hand is empty


@strict
class LayoutConfig:
    """How much of the past a state holds, how far a motion is planned, and the modes."""

    history: Annotated[int, Limit(ge=1)]  # [steps] number of past control steps in a state
    # [steps] number of control steps ahead that a keypoint motion plans, T
    horizon: Annotated[int, Limit(ge=1)]
    # [-] names of the kinds of motion that can be asked for; the first is the default
    modes: Annotated[tuple[str, ...], Limit(min_length=1)]


@dataclass(frozen=True)
class Field:
    """One named array of an episode frame.

    `shape` is a frame's (no batch, no time); `frame` is the coordinate frame: hand, world or
    none. A privileged field exists in simulation only.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    unit: str
    frame: str
    privileged: bool


class LayoutMismatch(UserError):
    """Two parts of the system disagree about what the numbers mean."""


@dataclass(frozen=True)
class Layout:
    """Names, shapes, units and rate of everything that crosses a room's border.

    A state is `history` steps, oldest first, of (fingertip positions, joint positions, joint
    targets, control error = target - position), flattened step by step: [history * step_size].
    """

    hand: str
    joint_names: tuple[str, ...]
    joint_lower: tuple[float, ...]  # [rad]
    joint_upper: tuple[float, ...]  # [rad]
    keypoint_names: tuple[str, ...]
    tip_indices: tuple[int, ...]  # which keypoints are finger tips, one a finger
    kinematics: str  # sha256 of the geometry that turns joint angles into keypoints
    control_hz: float  # [1/s]
    action_scale: float  # [rad]
    target_margin: float  # [rad]
    history: int
    horizon: int
    modes: tuple[str, ...]

    @property
    def num_joints(self) -> int:
        return len(self.joint_names)

    @property
    def num_keypoints(self) -> int:
        return len(self.keypoint_names)

    @property
    def num_tips(self) -> int:
        return len(self.tip_indices)

    @property
    def step_size(self) -> int:
        """Numbers in one step of the state (paper: 60 for the Allegro hand)."""
        return 3 * self.num_tips + 3 * self.num_joints

    @property
    def state_size(self) -> int:
        """Numbers in the stacked state (paper: 240)."""
        return self.history * self.step_size

    @property
    def motion_shape(self) -> tuple[int, int, int]:
        """Planned keypoint offsets x_{t+i} - x_t, i = 1..T, hand frame [m]: (T, K, 3)."""
        return (self.horizon, self.num_keypoints, 3)

    @property
    def fields(self) -> dict[str, Field]:
        """Every field of an episode frame, by name.

        `joint_observation` is what the controller sees (noise included), `joint_position` the
        truth; on a robot they are equal. `joint_target` is the target before this frame's
        action. `command` is what was asked for, `action` what was done after assistance and
        noise. `clean` is 1 where no noise was injected into the action. `object` is NO_OBJECT
        where the hand is empty; `object_pose` is then where the object was put aside.
        """
        n, k = self.num_joints, self.num_keypoints
        rows = [
            Field("episode", (), "int64", "id", "none", False),
            Field("step", (), "int32", "control step", "none", False),
            Field("object", (), "int16", "index", "none", False),
            Field("style", (), "int16", "index", "none", False),
            Field("mode", (), "int16", "index", "none", False),
            Field("joint_position", (n,), "float32", "rad", "none", False),
            Field("joint_observation", (n,), "float32", "rad", "none", False),
            Field("joint_target", (n,), "float32", "rad", "none", False),
            Field("keypoints", (k, 3), "float32", "m", "hand", False),
            Field("command", (n,), "float32", "action", "none", False),
            Field("action", (n,), "float32", "action", "none", False),
            Field("clean", (), "uint8", "flag", "none", False),
            Field("object_pose", (7,), "float32", "m, quaternion wxyz", "hand", True),
            Field("goal_pose", (7,), "float32", "m, quaternion wxyz", "hand", True),
            Field("gravity", (3,), "float32", "m/s^2", "hand", True),
            Field("drop", (), "uint8", "flag", "none", True),
        ]
        return {row.name: row for row in rows}

    def fingerprint(self) -> str:
        """Return the sha256 of the layout's canonical JSON, fields included."""
        return _digest(asdict(self) | {"fields": [asdict(row) for row in self.fields.values()]})

    def require(self, fingerprint: str, holder: str) -> None:
        """Raise LayoutMismatch unless `holder` was made with this very layout."""
        if fingerprint != self.fingerprint():
            raise LayoutMismatch(
                f"{holder}: layout fingerprint {fingerprint[:12]} differs from the configured "
                f"{self.fingerprint()[:12]} ({self.hand}, {self.control_hz:g} Hz); make it again "
                "with this configuration or choose the configuration that made it"
            )


def layout_of(hand: Hand, control: Control, config: LayoutConfig) -> Layout:
    """Derive the layout of a hand under a control rate."""
    links = [(finger, link) for finger in hand.fingers for link in finger.links]
    keypoints = [(finger, point) for finger in hand.fingers for point in finger.keypoints]
    last = {finger.name: finger.keypoints[-1].name for finger in hand.fingers}
    return Layout(
        hand=hand.name,
        joint_names=tuple(f"{finger.name}_{link.name}" for finger, link in links),
        joint_lower=tuple(link.limits[0] for _, link in links),
        joint_upper=tuple(link.limits[1] for _, link in links),
        keypoint_names=tuple(f"{finger.name}_{point.name}" for finger, point in keypoints),
        tip_indices=tuple(
            i for i, (finger, point) in enumerate(keypoints) if point.name == last[finger.name]
        ),
        kinematics=kinematics_digest(hand),
        control_hz=control.hz,
        action_scale=control.action_scale,
        target_margin=control.target_margin,
        history=config.history,
        horizon=config.horizon,
        modes=config.modes,
    )


def kinematics_digest(hand: Hand) -> str:
    """Return the sha256 of a hand's kinematics: roots, links, axes, limits, keypoints.

    Two hands that share it map equal joint angles to equal keypoints; masses, gains and collision
    shapes are no part of it, so a simulation may be tuned without new data.
    """
    fingers = [
        {
            "name": finger.name,
            "root": (finger.root_position, finger.root_quaternion),
            "links": [(link.name, link.offset, link.axis, link.limits) for link in finger.links],
            "keypoints": [(point.name, point.link, point.position) for point in finger.keypoints],
        }
        for finger in hand.fingers
    ]
    return _digest(fingers)


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""A robot hand as data: links, joints, limits, masses, collision shapes, keypoints, actuation.

Lengths [m], angles [rad], masses [kg], quaternions (w, x, y, z). The hand frame is the palm's.
"""

from typing import Annotated

from pydantic import Field, model_validator

from configs.schema.strict import Positive, strict

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


@strict
class BoxGeom:
    """A collision box, in the frame of its link [m]."""

    half_size: tuple[Positive, Positive, Positive]
    centre: Vector3


@strict
class CapsuleGeom:
    """A collision capsule along the z axis of its link [m]."""

    radius: Positive
    half_length: Positive
    centre: Vector3


@strict
class Palm:
    mass: Positive  # [kg]
    box: BoxGeom


@strict
class Link:
    """One link of a finger; its joint is a hinge at the link's origin."""

    name: str
    offset: Vector3  # [m] origin, in the parent link's frame
    axis: Vector3  # hinge axis, in the link's frame
    limits: tuple[float, float]  # [rad]
    mass: Positive  # [kg]
    box: BoxGeom


@strict
class Tip:
    """The finger tip, welded to the last link."""

    position: Vector3  # [m] tip point, in the last link's frame
    capsule: CapsuleGeom
    mass: Positive  # [kg]


@strict
class Keypoint:
    """A point whose motion the controller plans: `position` in the frame of `link` [m]."""

    name: str
    link: str
    position: Vector3


@strict
class Finger:
    name: str
    root_position: Vector3  # [m] in the hand frame
    root_quaternion: Quaternion  # (w, x, y, z)
    links: tuple[Link, ...]
    tip: Tip
    keypoints: tuple[Keypoint, ...]  # the last one is the tip


@strict
class Actuation:
    """Joint-space PD as the simulation uses it; torque = kp (target - q) - kd qdot."""

    kp: Positive  # [N m / rad]
    kd: Positive  # [N m s / rad]
    effort_limit: Positive  # [N m]
    armature: Positive  # [kg m^2]
    friction_loss: Annotated[float, Field(ge=0)]  # [N m]


@strict
class Hand:
    name: str
    palm: Palm
    fingers: tuple[Finger, ...]
    never_collide: tuple[tuple[str, str], ...]  # pairs of body names: palm or <finger>_<link>
    actuation: Actuation
    rest: tuple[float, ...]  # [rad] a half-open, collision-free pose, in joint order
    poses: dict[str, tuple[float, ...]]  # [rad] where commands may lead; `open` lets go
    source: str  # where the numbers come from

    @model_validator(mode="after")
    def poses_fit(self) -> "Hand":
        limits = [link.limits for finger in self.fingers for link in finger.links]
        if "open" not in self.poses:
            raise ValueError("poses: has no pose `open`")
        for name, pose in {"rest": self.rest, **self.poses}.items():
            if len(pose) != len(limits):
                raise ValueError(f"pose {name!r} has {len(pose)} angles for {len(limits)} joints")
            if any(not low <= q <= high for q, (low, high) in zip(pose, limits, strict=True)):
                raise ValueError(f"pose {name!r} is outside the joint limits")
        return self

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

    half_size: tuple[Positive, Positive, Positive]  # [m] half of the edges, along x, y and z
    centre: Vector3  # [m] the middle, in the frame of its link


@strict
class CapsuleGeom:
    """A collision capsule along the z axis of its link [m]."""

    radius: Positive  # [m] radius of the capsule
    half_length: Positive  # [m] half of the distance between the two ends' centres
    centre: Vector3  # [m] the middle, in the frame of its link


@strict
class Palm:
    mass: Positive  # [kg] mass of the palm
    box: BoxGeom


@strict
class Link:
    """One link of a finger; its joint is a hinge at the link's origin."""

    name: str  # the link's name, and its joint's
    offset: Vector3  # [m] the link's origin, in the parent link's frame
    axis: Vector3  # [-] the hinge's axis, in the link's frame
    limits: tuple[float, float]  # [rad] least and greatest joint angle
    mass: Positive  # [kg] mass of the link
    box: BoxGeom


@strict
class Tip:
    """The finger tip, welded to the last link."""

    position: Vector3  # [m] the tip's point, in the last link's frame
    capsule: CapsuleGeom
    mass: Positive  # [kg] mass of the tip


@strict
class Keypoint:
    """A point whose motion the controller plans: `position` in the frame of `link` [m]."""

    name: str
    link: str
    position: Vector3


@strict
class Finger:
    name: str
    root_position: Vector3  # [m] where the finger begins, in the hand's frame
    root_quaternion: Quaternion  # [quaternion wxyz] how the finger is turned, in the hand's frame
    links: tuple[Link, ...]
    tip: Tip
    keypoints: tuple[Keypoint, ...]  # the last one is the tip


@strict
class Actuation:
    """Joint-space PD as the simulation uses it; torque = kp (target - q) - kd qdot."""

    kp: Positive  # [N m / rad] proportional gain of a joint
    kd: Positive  # [N m s / rad] derivative gain of a joint
    effort_limit: Positive  # [N m] greatest torque of a joint
    armature: Positive  # [kg m^2] inertia of a motor, added to its joint's
    friction_loss: Annotated[float, Field(ge=0)]  # [N m] dry friction of a joint


@strict
class Hand:
    name: str  # the hand's name, which datasets and models carry
    palm: Palm
    # links, limits, masses, collision shapes and keypoints of each finger
    fingers: tuple[Finger, ...]
    # pairs of bodies, palm or <finger>_<link>, whose contacts are left out
    never_collide: tuple[tuple[str, str], ...]
    actuation: Actuation
    rest: tuple[float, ...]  # [rad] a half-open, collision-free pose, in joint order
    # [rad] poses that a command of the whole hand may lead to; `open` lets go
    poses: dict[str, tuple[float, ...]]
    source: str  # where the hand's numbers come from

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

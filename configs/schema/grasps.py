"""Grasp generation (Algorithms 2-5 of the paper) and its validation in physics."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.physics import Physics, PositiveRange, Randomization, Range, ShareRange
from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.task import Goals
from configs.schema.world import Embodiment


@strict
class FingerFirst:
    """Proposals that begin with a finger configuration and put the object near its tips."""

    proposals: Count  # a batch
    closure: ShareRange  # joints are drawn from this first part of their ranges, itself a draw
    outward: Range  # [m] the object's centre beyond the tips' mean, along their mean direction
    offset: NonNegative  # [m] std of the object's centre about that place


@strict
class SurfaceFirst:
    """Proposals that begin with contacts on the object, and look for fingers (Algorithm 3)."""

    proposals: Count  # sets of contacts a batch
    tries: Count  # entries of the table of pads that are looked at for a contact and a finger
    reach: Positive  # [m] from a contact to the nearest pad of its finger in that table
    choices: Count  # assignments of fingers that a set of contacts is tried with, the best first


@strict
class GraspSampling:
    """Proposals from nothing; a batch is of one kind, the kinds in turn."""

    kinds: Annotated[
        tuple[Literal["finger_first", "surface_first"], ...], Field(min_length=1, max_length=2)
    ]
    max_batches: Count  # then sampling ends, with what it has
    barren_batches: Count  # one after another without a new grasp: sampling ends
    contacts: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)]
    idle_curl: ShareRange  # how far fingers that do not touch leave the rest pose
    reach: Positive  # [m] a tip farther from its place at the surface is not assigned to it
    finger_first: FingerFirst
    surface_first: SurfaceFirst

    @model_validator(mode="after")
    def kinds_differ(self) -> "GraspSampling":
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"kinds {list(self.kinds)}: a kind stands there twice; name it once")
        return self


@strict
class Assignment:
    """Damped-least-squares inverse kinematics of the contact points."""

    iterations: Count
    damping: Positive  # [m]
    max_step: Positive  # [rad] a joint moves at most so far in one iteration
    press: NonNegative  # [m] a tip sinks so far into the surface
    tolerance: Positive  # [m] a tip farther from its place fails


@strict
class Expansion:
    """RRT over (joint positions, object pose)."""

    proposals: Count  # a batch
    max_batches: Count
    barren_batches: Count  # one after another without a new grasp: expansion ends
    spread_position: Positive  # [m] a random sample is so far from a known grasp at most
    spread_rotation: Positive  # [rad]
    step_position: Positive  # [m] a new grasp is so far from its nearest neighbour at most
    step_rotation: Positive  # [rad]
    slide: NonNegative  # [m] std of a contact's displacement along the surface
    regrip: Share  # probability that one finger joins or leaves the grasp


@strict
class GraspMetric:
    """Units that make a distance of (position, rotation, joint angles) dimensionless."""

    position: Positive  # [m]
    rotation: Positive  # [rad]
    joint: Positive  # [rad] root mean square over the joints
    modulo_symmetry: bool  # the tree takes rotations that look alike for one


@strict
class GraspValidation:
    """The hold in physics that a grasp must pass before it counts."""

    slots: Count  # candidates held at the same time
    scales: Count  # of the object, spread over Table III's range, that slots are compiled for
    settle_s: Positive  # [s] without gravity; what it settles to is the grasp
    settle_position: Positive  # [m] the object may move so far while it settles
    settle_rotation: Positive  # [rad]
    gap: Positive  # [m] a tip farther from the surface after settling does not touch
    hold_s: Annotated[float, Field(ge=2)]  # [s]; less would not show what lets go slowly
    directions: Annotated[int, Field(ge=3)]  # that gravity turns through
    severity: Annotated[float, Field(ge=0, le=1)]  # 0: Table III's draws, 1: their worst corner
    pushes: bool  # Table III's random force on top
    position_tolerance: Positive  # [m] the object may move so far from the pose it settled to
    rotation_tolerance: Positive  # [rad]

    @model_validator(mode="after")
    def every_scale_has_a_slot(self) -> "GraspValidation":
        if self.slots < self.scales:
            raise ValueError(f"slots {self.slots} are fewer than scales {self.scales}; raise slots")
        return self


@strict
class Wrench:
    """Forces within friction cones, and their torques (tasks/grasps/wrench.py)."""

    friction: Positive  # of a contact
    edges: Annotated[int, Field(ge=3)]  # of the pyramid that stands for a cone
    length: Positive  # [m] a torque counts as a force at this distance
    iterations: Count  # of the solver


@strict
class Grasps:
    count: Count  # an object; expansion ends with at least so many
    sampled: Count  # from sampling; the rest grows from them
    min_contacts: Annotated[int, Field(ge=2)]  # fingers that touch, at least
    net_force: Positive  # F_thresh on ||sum f_i n_i||^2
    wrench: Wrench | None  # forces in friction cones and their torques instead; null: the paper's
    penetration: Positive  # [m] that a wanted contact may show in the collision check
    squeeze: PositiveRange  # [N] mean force of the touching fingers
    min_component: Count  # a smaller connected component of the goal graph is dropped
    sampling: GraspSampling
    assignment: Assignment
    expansion: Expansion
    metric: GraspMetric
    validation: GraspValidation

    @model_validator(mode="after")
    def contacts_suffice(self) -> "Grasps":
        if min(self.sampling.contacts) < self.min_contacts:
            raise ValueError(
                f"sampling.contacts asks for {min(self.sampling.contacts)} fingers, fewer than "
                f"min_contacts {self.min_contacts}: such a grasp would never count"
            )
        return self


@strict
class GraspsStep:
    """What the grasps of one object depend on."""

    embodiment: Embodiment
    physics: Physics
    randomization: Randomization
    goals: Goals
    grasps: Grasps
    object: str  # its name
    seed: Annotated[int, Field(ge=0)]

"""Grasp generation (Algorithms 2-5 of the paper) and its validation in physics."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.physics import Physics, PositiveRange, Randomization, Range, ShareRange
from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.task import GoalRules
from configs.schema.world import Embodiment


@strict
class FingerFirst:
    """Proposals that begin with a finger configuration and put the object near its tips."""

    proposals: Count  # [proposals] number of proposals of a batch
    # [share of a joint's range] how far a hand may be closed; a joint is drawn below it
    closure: ShareRange
    outward: Range  # [m] how far the object's centre lies beyond the mean of the fingertips
    offset: NonNegative  # [m] standard deviation of the object's centre about that place


@strict
class SurfaceFirst:
    """Proposals that begin with contacts on the object, and look for fingers (Algorithm 3)."""

    proposals: Count  # [sets of contacts] number of sets of contacts of a batch
    # [entries] entries of the table of finger pads that are looked at for each contact
    tries: Count
    # [m] greatest distance from a contact to the nearest pad of its finger in that table
    reach: Positive
    choices: Count  # [assignments] assignments of fingers that each set is tried with, best first


@strict
class GraspSampling:
    """Proposals from nothing; a batch is of one kind, the kinds in turn."""

    kinds: Annotated[
        tuple[Literal["finger_first", "surface_first"], ...], Field(min_length=1, max_length=2)
    ]  # [-] kinds of proposals; each batch has one kind, in turn
    max_batches: Count  # [batches] sampling ends after so many batches, with what it has
    barren_batches: Count  # [batches] sampling ends after so many in a row without a new grasp
    # [fingers] number of fingers that touch; each proposal draws one of these
    contacts: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)]
    # [share of the way] how far a finger that does not touch leaves the rest pose
    idle_curl: ShareRange
    reach: Positive  # [m] a fingertip farther than this from the surface is not given a contact
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

    iterations: Count  # [-] iterations of the inverse kinematics
    damping: Positive  # [m] damping of the least-squares step
    max_step: Positive  # [rad] greatest change of a joint in one iteration
    press: NonNegative  # [m] how deep a fingertip is meant to sink into the surface
    tolerance: Positive  # [m] a fingertip that ends farther than this from its place fails


@strict
class Expansion:
    """RRT over (joint positions, object pose)."""

    proposals: Count  # [proposals] number of proposals of a batch
    max_batches: Count  # [batches] expansion ends after so many batches, with what it has
    barren_batches: Count  # [batches] expansion ends after so many in a row without a new grasp
    spread_position: Positive  # [m] greatest distance of a random sample from a known grasp
    spread_rotation: Positive  # [rad] greatest rotation of a random sample from a known grasp
    step_position: Positive  # [m] greatest distance of a new grasp from its nearest neighbour
    step_rotation: Positive  # [rad] greatest rotation of a new grasp from its nearest neighbour
    slide: NonNegative  # [m] standard deviation of a contact's displacement along the surface
    regrip: Share  # [-] probability that one finger joins or leaves the grasp


@strict
class GraspMetric:
    """Units that make a distance of (position, rotation, joint angles) dimensionless."""

    position: Positive  # [m] object displacement that counts as distance 1
    rotation: Positive  # [rad] object rotation that counts as distance 1
    joint: Positive  # [rad] change of joint angles, root mean square, that counts as distance 1
    modulo_symmetry: bool  # [-] whether rotations that look alike are one and the same in the tree


@strict
class GraspValidation:
    """The hold in physics that a grasp must pass before it counts."""

    slots: Count  # [candidates] number of candidates that are held at the same time
    scales: Count  # [-] number of object sizes, spread over Table III's range, with their own slots
    settle_s: Positive  # [s] time without gravity; what the candidate settles to is the grasp
    settle_position: Positive  # [m] greatest displacement of the object while it settles
    settle_rotation: Positive  # [rad] greatest rotation of the object while it settles
    # [m] a fingertip farther than this from the surface after settling does not touch
    gap: Positive
    # [s] how long the object is held; less would not show what lets go slowly
    hold_s: Annotated[float, Field(ge=2)]
    # [directions] number of directions that gravity turns through
    directions: Annotated[int, Field(ge=3)]
    # [share of the way] how hard the draws are; 0: Table III, 1: its worst corner
    severity: Annotated[float, Field(ge=0, le=1)]
    pushes: bool  # [-] whether Table III's random force pushes the object, too
    position_tolerance: Positive  # [m] greatest displacement from the pose that it settled to
    rotation_tolerance: Positive  # [rad] greatest rotation from the pose that it settled to

    @model_validator(mode="after")
    def every_scale_has_a_slot(self) -> "GraspValidation":
        if self.slots < self.scales:
            raise ValueError(f"slots {self.slots} are fewer than scales {self.scales}; raise slots")
        return self


@strict
class Wrench:
    """Forces within friction cones, and their torques (tasks/grasps/wrench.py)."""

    friction: Positive  # [-] friction coefficient of a contact
    # [-] number of edges of the pyramid that stands for a friction cone
    edges: Annotated[int, Field(ge=3)]
    length: Positive  # [m] a torque counts as a force at this distance
    iterations: Count  # [-] iterations of the solver


@strict
class Grasps:
    count: Count  # [grasps] least number of grasps of an object; with so many the search ends
    sampled: Count  # [grasps] number of grasps from sampling; the others grow from them
    min_contacts: Annotated[int, Field(ge=2)]  # [fingers] least number of fingers that touch
    # [-] F_thresh, the greatest ||sum f_i n_i||^2 of a grasp whose forces balance
    net_force: Positive
    # the force test with friction cones and torques; null: the paper's, by the net force
    wrench: Wrench | None
    penetration: Positive  # [m] overlap that a wanted contact may have in the collision check
    squeeze: PositiveRange  # [N] mean force of the touching fingers, drawn from this range
    min_component: Count  # [grasps] least size of a connected part of the goal graph that is kept
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
    goals: GoalRules
    grasps: Grasps
    object: str  # its name
    seed: Annotated[int, Field(ge=0)]

"""What a hand is asked for: the three tasks of the paper (section III-B), as kinds of goals."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.physics import PositiveRange
from configs.schema.strict import Count, NonNegative, Positive, Share, strict


@strict
class Anygrasp:
    """Bring the object from grasp to grasp."""

    kind: Literal["anygrasp"]  # bring the object from grasp to grasp
    # [edges] a goal is a walk of one neighbour to so many away; how many is drawn
    max_edges: Count
    # what must be met: the object's pose alone, or the grasp's joint angles as well
    met_on: Literal["pose", "pose_and_joints"]
    joint_tolerance: Positive  # [rad] joints are met when each is closer to the goal grasp's
    # whether a turn after which the object looks as before is no turn
    modulo_symmetry: bool
    turn: Positive  # [rad] a goal that asks for a greater rotation is reported as a turn


@strict
class FreeFinger:
    """Move fingers that hold nothing, while the others keep the object where it is."""

    kind: Literal["free_finger"]  # move fingers that hold nothing, while the others hold
    fingers: Count  # [fingers] most fingers that move at once; how many is drawn
    # [share of episodes] episodes in which the hand is empty, and every finger moves
    empty: Share
    reach: Positive  # [rad] farthest that a joint goes in one motion
    speed: Positive  # [rad/s] greatest speed of a joint, where actions move it so fast
    clearance: NonNegative  # [m] room between a moving finger and object, palm or another finger
    joint_tolerance: Positive  # [rad] a motion is followed when each joint ends closer to its end


@strict
class FineRotation:
    """Turn the object a little, and precisely, about an axis of the hand."""

    kind: Literal["fine_rotation"]  # turn the object a little about an axis of the hand
    # axes of the hand's frame about which is turned; one is drawn for each goal
    axes: Annotated[tuple[Literal["x", "y", "z"], ...], Field(min_length=1)]
    turn: PositiveRange  # [rad] how far a goal asks to turn, either way
    farthest: Positive  # [rad] rotation about the axis since the start, beyond which it turns back
    rotation_tolerance: Positive  # [rad] as task.goals.rotation_tolerance, which it replaces
    joint_tolerance: Positive  # [rad] joints are met when each is closer to where it was asked to

    @model_validator(mode="after")
    def asks_for_a_motion(self) -> "FineRotation":
        if self.turn[0] <= self.rotation_tolerance:
            raise ValueError(
                f"turn {self.turn[0]:g} rad is within rotation_tolerance "
                f"{self.rotation_tolerance:g} rad and asks for nothing; give more"
            )
        return self


Skill = Annotated[Anygrasp | FreeFinger | FineRotation, Field(discriminator="kind")]

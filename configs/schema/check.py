"""What a dataset must satisfy before it reaches the branch `main`."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import strict
from configs.schema.world import Embodiment

NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


@strict
class Margins:
    """How far a value may lie beyond what the layout says, and bounds that it does not say."""

    joint_position: NonNegative  # [rad] beyond the joint limits
    joint_observation: NonNegative  # [rad] beyond the joint limits
    joint_target: NonNegative  # [rad] beyond the joint limits
    action: NonNegative  # [action] beyond [-1, 1]; of the command too
    distance: Positive  # [m] of a keypoint, the object or its goal from the hand, per axis
    gravity: Positive  # [m/s^2] per axis
    quaternion: Positive  # [-] of a quaternion's length from 1


@strict
class Check:
    min_rows: Count
    max_drop_share: Annotated[float, Field(ge=0, le=1)]  # of the episodes
    margins: Margins
    sample_rows: Count  # rows that are looked at again, beside the statistics of all rows


@strict
class CheckStep:
    """What the checked dataset depends on, beside the rollouts that go in."""

    embodiment: Embodiment
    check: Check
    seed: Annotated[int, Field(ge=0)]

"""What a dataset must satisfy before it reaches the branch `main`."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.world import Embodiment


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
class Shares:
    """The least that each object, style and mode must have of the rows; null: nothing is asked.

    As a part of an equal share: of 4 objects each has a quarter of the rows if they are equal, and
    must have `object` times that.
    """

    object: Share | None
    style: Share | None
    mode: Share | None


@strict
class Previous:
    """How far a column's mean and standard deviation may be from those of the version before.

    Both standard deviations count as at least `floor` times the column's allowed range, so that a
    column that hardly moves (a flag, a quaternion's length) is not judged by its rounding.
    """

    max_shift: Positive  # [previous std] of the mean
    max_ratio: Annotated[float, Field(ge=1)]  # [-] of the two, the larger to the smaller
    floor: Positive  # [-] of the column's allowed range


@strict
class Check:
    min_rows: Count
    max_drop_share: Share  # of the episodes
    min_share: Shares
    previous: Previous | None  # null: not compared
    margins: Margins
    sample_rows: Count  # rows that are looked at again, beside the statistics of all rows
    sample_shards: Count  # shards that they are in, at most: each is opened and verified


@strict
class CheckStep:
    """What the checked dataset depends on, beside the rollouts that go in.

    `objects` and `styles` are what the indices in the rows count.
    """

    embodiment: Embodiment
    check: Check
    objects: Annotated[tuple[str, ...], Field(min_length=1)]
    styles: Annotated[tuple[str, ...], Field(min_length=1)]
    seed: Annotated[int, Field(ge=0)]

    def known(self, modes: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Return the names that the indices of each label count; modes are the layout's."""
        return {"object": self.objects, "style": self.styles, "mode": modes}

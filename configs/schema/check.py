"""What a dataset must satisfy before it reaches the branch `main`."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.world import Embodiment


@strict
class Margins:
    """How far a value may lie beyond what the layout says, and bounds that it does not say."""

    joint_position: NonNegative  # [rad] how far a joint position may lie beyond the joint limits
    # [rad] how far an observed joint position may lie beyond the limits
    joint_observation: NonNegative
    joint_target: NonNegative  # [rad] how far a joint target may lie beyond the joint limits
    action: NonNegative  # [action] how far an action or a command may lie beyond [-1, 1]
    # [m] greatest distance of a keypoint, the object or its goal from the hand, per axis
    distance: Positive
    gravity: Positive  # [m/s^2] greatest gravity in the hand's frame, per axis
    quaternion: Positive  # [-] greatest difference of a quaternion's length from 1


@strict
class Shares:
    """The least that each object, style and mode must have of the rows; null: nothing is asked.

    As a part of an equal share: of 4 objects each has a quarter of the rows if they are equal, and
    must have `object` times that.
    """

    # [-] least rows of each object, as a part of an equal share; null: not asked
    object: Share | None
    # [-] least rows of each style, as a part of an equal share; null: not asked
    style: Share | None
    mode: Share | None  # [-] least rows of each mode, as a part of an equal share; null: not asked


@strict
class Previous:
    """How far a column's mean and standard deviation may be from those of the version before.

    Both standard deviations count as at least `floor` times the column's allowed range, so that a
    column that hardly moves (a flag, a quaternion's length) is not judged by its rounding. What a
    style covers may grow as it likes.
    """

    # [previous std] greatest change of a column's mean since the dataset before
    max_shift: Positive
    # [-] greatest ratio of a column's two standard deviations, larger to smaller
    max_ratio: Annotated[float, Field(ge=1)]
    # [-] least standard deviation that counts, as a part of the column's allowed range
    floor: Positive
    # [-] least that a style covers (orientations, positions, fingers in use), as a part of before
    min_covered: Share


@strict
class Check:
    min_rows: Count  # [rows] least number of rows of a dataset
    max_drop_share: Share  # [-] greatest share of the episodes that end in a drop
    min_share: Shares
    # how far statistics may be from the dataset before; null: not compared
    previous: Previous | None
    margins: Margins
    # [rows] rows that are read and tested, beside the statistics of all rows; so many of each
    # style tell what it covers
    sample_rows: Count
    # [shards] greatest number of shards that either of these come from; each is verified
    sample_shards: Count


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

"""The scripted expert's settings."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import NonNegative, Positive, strict

PositiveShare = Annotated[float, Field(gt=0, le=1)]


@strict
class Script:
    """How fast fingers go to the goal grasp's, and how firmly they carry the object there."""

    rate: PositiveShare  # [action] greatest action of the joints' way
    # [share] of the way that the object lacks, which the tips that touch go in a control step
    gain: NonNegative
    damping: Positive  # [m] of that step, where a finger has little room left

"""An expert that plans over a grasp graph."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import Count, NonNegative, Positive, strict


@strict
class Planned:
    """How an expert that plans sees where it is, and when it moves on."""

    # weight of a new reading in the average of how far the joints are from their targets
    smoothing: Annotated[float, Field(gt=0, le=1)]
    pause_steps: Count  # [control steps] between a motion's end and the next, at least
    patience_steps: Count  # [control steps] and at most, while the object is not where it should be
    arrived_m: Positive  # [m] it is there when it is nearer
    arrived_rad: Positive  # [rad] and turned less from it
    touch: Positive  # [N] a finger that presses with more touches
    gap: Positive  # [m] a finger that is nearer to the surface touches too
    met: Positive  # [rad] grasps nearer to the goal's rotation are where ways end
    near: Positive  # [-] a hand is like a grasp that is nearer than this under grasps.metric
    follow: Positive  # [-] it is still where it should be, when that grasp is nearer than this
    tries: Count  # of one node, before other ways are looked at
    mend_steps: NonNegative  # [control steps] that each finger astray counts for, in finding it
    slid: Positive  # [m] a tip farther than this from its place in the grasp has gone astray

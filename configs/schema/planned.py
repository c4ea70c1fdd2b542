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
    turn_steps: Positive  # [control steps] for each radian that is left, off the graph
    strain_steps: NonNegative  # [control steps] for each metre that fingers have to stretch
    unsteady_steps: NonNegative  # [control steps] for a squeeze that is wholly out of balance
    away_m: NonNegative  # [m] an object may be so far from the goal's place
    away_steps: NonNegative  # [control steps] for each metre that it is farther away
    stuck_steps: NonNegative  # [control steps] for a step in the grasp after one that gained little
    fixed: NonNegative  # [-] times as much where the others do not hold without that finger
    stretched: Positive  # [m] a thumb that has to stretch farther is to be free
    freed: Count  # regrasps that free the thumb, that are looked at, of each hand
    regrasps: Count  # that are looked at, of each hand
    mend_steps: NonNegative  # [control steps] that each finger astray counts for, in finding it
    slid: Positive  # [m] a tip farther than this from its place in the grasp has gone astray

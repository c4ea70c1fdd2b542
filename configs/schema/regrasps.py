"""Regrasps: a finger lifts off, goes over and presses on elsewhere while the others hold."""

from typing import Annotated

from pydantic import Field

from configs.schema.grasps import Wrench
from configs.schema.strict import strict

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


@strict
class Balance:
    """Forces with which the fingers that stay hold the object by themselves."""

    pyramid: Wrench  # of friction at each contact, and the solver's iterations
    spread: NonNegative  # weight of unequal shares beside the net wrench
    residual: Positive  # of a squeeze with sum 1: a larger net wrench does not hold
    least_share: Share  # of a squeeze: a finger with less does not count as holding
    force: Positive  # [N] mean normal force of a contact


@strict
class Proposals:
    """Where a finger may go next."""

    points: Count  # of the surface that are looked at for each finger
    reach: Positive  # [m] from such a point to the nearest pad of the finger's table
    tries: Count  # entries of that table that are looked at
    apart: Positive  # [m] least distance to another finger's contact
    moved: Positive  # [m] least distance to the contact that is given up


@strict
class Path:
    """How a finger travels: off, over, onto."""

    height: Positive  # [m] above the surface at both ends of the way over
    press: NonNegative  # [m] a pad sinks so far into the surface at its end
    unload_steps: Count  # control steps in which the others take over the squeeze
    press_steps: Count  # control steps in which the finger takes its share
    rate: Annotated[float, Field(gt=0, le=1)]  # of the action's largest step, on the way


@strict
class Regrasps:
    balance: Balance
    proposals: Proposals
    path: Path

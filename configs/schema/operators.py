"""Operators: how a person makes the command that an expert would make clean."""

from typing import Annotated, Literal

from pydantic import Field

from configs.schema.strict import NonNegative, Positive, Share, strict


@strict
class Absolute:
    """An operator who commands joint targets: the goal grasp's, late and inexactly tracked."""

    kind: Literal["absolute"]
    lag_s: Positive  # [s] time constant with which the operator follows a new goal
    bias: NonNegative  # [rad] std of a joint's constant error, one draw a window
    noise: NonNegative  # [rad] std of a joint's Ornstein-Uhlenbeck error
    noise_time_s: Positive  # [s] its time constant


@strict
class Proportional:
    """An operator who moves each joint by a share of its own way to the goal."""

    kind: Literal["proportional"]
    gain: Share  # [-] share of the way left, a step


@strict
class OpenLoop:
    """An operator who steers a copy of the targets, not the robot's: a hand out of sight."""

    kind: Literal["open_loop"]
    gain: Share  # [-] share of the copy's way left, a step
    look_s: Positive | None  # [s] the robot's targets are taken over so often; null: at starts only


@strict
class BangBang:
    """An operator with buttons: each joint forward, back or still."""

    kind: Literal["bang_bang"]
    strength: Share  # [action] size of a command
    dead_band: NonNegative  # [rad] a joint that is this close to the goal is left alone


@strict
class OneFinger:
    """An operator who moves one finger at a time, first the one with the longest way."""

    kind: Literal["one_finger"]
    gain: Share  # [-] share of the way left, a step
    seconds: Positive  # [s] a finger's turn


@strict
class StopAndGo:
    """An operator who moves for a while and rests for a while."""

    kind: Literal["stop_and_go"]
    gain: Share  # [-] share of the way left, a step
    go_s: Positive  # [s] how long the operator moves
    rest_s: Positive  # [s] how long the operator rests


Operator = Annotated[
    Absolute | Proportional | OpenLoop | BangBang | OneFinger | StopAndGo,
    Field(discriminator="kind"),
]

"""Families of commands: operators who make a clean command, and what spoils it on its way."""

from typing import Annotated, Literal

from pydantic import Field

from configs.schema.operators import Absolute as Absolute
from configs.schema.operators import (
    BangBang,
    NonNegative,
    OneFinger,
    Operator,
    Positive,
    Share,
    StopAndGo,
)
from configs.schema.operators import OpenLoop as OpenLoop
from configs.schema.operators import Proportional as Proportional
from configs.schema.physics import PositiveRange, ShareRange
from configs.schema.strict import strict


@strict
class Clean:
    """The expert's own command."""

    kind: Literal["clean"]


@strict
class Noise:
    """clip(expert + U(-amplitude, amplitude), -1, 1), a fresh draw each joint and step."""

    kind: Literal["noise"]
    amplitude: NonNegative  # [action]


@strict
class Gaussian:
    """clip(expert + N(0, std), -1, 1), a fresh draw each joint and step."""

    kind: Literal["gaussian"]
    std: NonNegative  # [action]


@strict
class Held:
    """As `noise`, but a draw is held for a random time, and moves the hand farther."""

    kind: Literal["held"]
    amplitude: NonNegative  # [action]
    seconds: PositiveRange  # [s] how long a draw is held


@strict
class Tremor:
    """A sine on every joint's command: one frequency, each joint its own phase."""

    kind: Literal["tremor"]
    amplitude: NonNegative  # [action]
    hz: PositiveRange  # [1/s] its frequency, one draw a pair


@strict
class Slow:
    """U(0, beta) x expert, one draw each step for all joints."""

    kind: Literal["slow"]
    beta: NonNegative


@strict
class Correlated:
    """clip(expert + Ornstein-Uhlenbeck noise, -1, 1), each joint its own process."""

    kind: Literal["correlated"]
    std: NonNegative  # [action] stationary standard deviation
    time_constant_s: Positive  # [s]


@strict
class Kicks:
    """The expert, but now and then all joints are jolted, each either way."""

    kind: Literal["kicks"]
    rate: NonNegative  # [1/s] jolts, outside of one
    seconds: PositiveRange  # [s] length of a jolt
    strength: Share  # [action]


@strict
class Sticky:
    """The expert, but now and then the command stays what it was for a while."""

    kind: Literal["sticky"]
    chance: Share  # [-] of sticking, a step
    seconds: PositiveRange  # [s] how long it sticks


@strict
class Lost:
    """The expert's commands as packets that get lost in bursts: the last that came is repeated."""

    kind: Literal["lost"]
    share: Share  # [-] of the packets that are lost
    seconds: PositiveRange  # [s] length of a burst of losses


@strict
class Lag:
    """The expert's command, late; an episode's first ones are zero."""

    kind: Literal["lag"]
    seconds: NonNegative  # [s]


@strict
class Swapped:
    """The expert's command, each finger's given to its neighbour: crossed wires."""

    kind: Literal["swapped"]


@strict
class Mirrored:
    """The expert's command with one finger's negated; which one is drawn once a pair."""

    kind: Literal["mirrored"]


@strict
class StuckJoint:
    """The expert, but one joint's command reads a constant, for a while, then another's does."""

    kind: Literal["stuck_joint"]
    amplitude: Share  # [action] the constant is drawn from U(-amplitude, amplitude)
    seconds: PositiveRange  # [s] how long one joint stays stuck


@strict
class Miswired:
    """The expert, but joints are negated, and joints of a finger exchanged, for a while."""

    kind: Literal["miswired"]
    negated: Share  # [-] of the joints
    exchanged: Share  # [-] of the fingers, whose joints get each other's commands
    seconds: PositiveRange  # [s] how long a draw lasts


@strict
class Uneven:
    """Each finger gets only a share of its command, one draw a finger, renewed now and then."""

    kind: Literal["uneven"]
    shares: ShareRange
    seconds: PositiveRange  # [s] how long a draw lasts


@strict
class Push:
    """The expert, but now and then one finger is driven towards the closed hand's pose."""

    kind: Literal["push"]
    rate: NonNegative  # [1/s] pushes, outside of one
    seconds: PositiveRange  # [s] length of a push
    strength: Share  # [action] at most


@strict
class Stray:
    """The expert, but now and then some fingers, never all, are driven to a random pose."""

    kind: Literal["stray"]
    rate: NonNegative  # [1/s] spells, outside of one
    seconds: PositiveRange  # [s] length of a spell


@strict
class Pose:
    """All joints commanded towards one of the hand's poses, as fast as a command can."""

    kind: Literal["pose"]
    pose: str  # of the hand's `poses`


@strict
class LedAway:
    """All joints commanded towards a random pose, drawn when an episode or a spell begins."""

    kind: Literal["led_away"]


@strict
class Withdraw:
    """The expert, but one touching finger after the other is commanded to the open hand's pose."""

    kind: Literal["withdraw"]
    seconds: Positive  # [s] a finger is commanded away
    pause_s: Positive  # [s] the expert's command alone, before the next finger


Spoiling = Annotated[
    Clean
    | Noise
    | Gaussian
    | Held
    | Tremor
    | Slow
    | Correlated
    | Kicks
    | Sticky
    | Lost
    | Lag
    | Swapped
    | Mirrored
    | StuckJoint
    | Miswired
    | Uneven
    | Push
    | Stray
    | LedAway
    | Pose
    | Withdraw,
    Field(discriminator="kind"),
]


@strict
class Operated:
    """Another operator's command instead of the expert's, and what spoils it."""

    kind: Literal["operated"]
    operator: Operator
    spoilt: Spoiling


Perturbation = Annotated[Spoiling | Operator | Operated, Field(discriminator="kind")]

# No training data hold these kinds, so that a test on them is one on what was never seen.
KEPT_FOR_THE_TEST = (
    Kicks,
    Sticky,
    Tremor,
    Swapped,
    Mirrored,
    Uneven,
    BangBang,
    OneFinger,
    StopAndGo,
)


def kept_for_the_test(perturbation: Perturbation) -> bool:
    """Tell whether training leaves a family out; of whole-hand poses it may use the open one."""
    match perturbation:
        case Operated():
            parts = (perturbation.operator, perturbation.spoilt)
            return any(kept_for_the_test(part) for part in parts)
        case Pose():
            return perturbation.pose != "open"
        case _:
            return isinstance(perturbation, KEPT_FOR_THE_TEST)

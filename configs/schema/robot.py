"""The robot's side: which model it trusts, how it is driven, and the twin's trials."""

from typing import Annotated, Literal

from pydantic import Field

from configs.layout import LayoutConfig
from configs.schema.hand import Hand
from configs.schema.physics import Physics, Range
from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.task import Control
from configs.schema.world import Embodiment


@strict
class Pull:
    """Where models come from and whose signature is trusted."""

    releases: str  # folder of the release channel
    public_key: str  # PEM file of the approver's public key
    cache: str  # folder that keeps the last good model


@strict
class AssistanceSettings:
    """How the controller is asked."""

    mode: str  # one of the layout's modes
    assistance: str | None  # one of the bundle's, `paper` or `guarded`; null: its default
    # null: the setting in the bundle's manifest (models/strength.py)
    reading: Share | None  # how far the student is asked what is meant
    gain: Share | None  # of what it reads
    share: Share | None  # of a busy command that it cannot read
    caution: Share | None  # 1: no critic
    guidance: NonNegative | None
    remainder: Share | None  # 0: what the plan alone says
    threads: Count  # of the inference session


@strict
class Safety:
    """Limits around the model, whatever it is told and whatever it answers."""

    max_speed: Positive  # [rad/s] of a joint target
    reading_margin: NonNegative  # [rad] a reading farther beyond the joint limits is refused


@strict
class ScriptedOperator:
    """Moves between neighbouring grasps, imperfectly."""

    rate: Annotated[float, Field(gt=0, le=1)]  # [action] greatest action of the clean command
    noise: NonNegative  # [action] a in clip(command + U(-a, a), -1, 1)
    noise_time_s: NonNegative  # [s] correlation time of the noise; 0: fresh at every step
    min_distance: NonNegative  # in units of the tolerances: a goal is at least so far away
    position_tolerance: Positive  # [m] a goal is met when closer
    rotation_tolerance: Positive  # [rad]
    dwell_s: NonNegative  # [s] and reached when it has been met for so long without a break
    timeout_s: Positive  # [s] a goal not reached in time is replaced


@strict
class TwinWorld:
    """What the twin does to the object and to the readings."""

    wrist_speed: Range  # [rad/s] speed at which gravity turns in the hand frame
    observation_noise: NonNegative  # [rad] std, white, each reading
    drop_distance: Positive  # [m] dropped when farther from the goal's pose than this


@strict
class Trials:
    """Hold-time trials, as fast as possible, paired with and without the controller."""

    count: Count
    seconds: Positive  # [s] simulated, a trial at most


@strict
class Clip:
    file: str | None  # .mp4 or .gif; null: no clip
    seconds: Positive  # [s] of the first trial
    fps: Positive  # [1/s] at most the control rate
    width: Count  # [pixels] of one of the two views
    height: Count  # [pixels]


@strict
class TwinSettings:
    """A simulated hand in place of the robot."""

    kind: Literal["twin"]
    pull: Pull
    assistance: AssistanceSettings
    safety: Safety
    operator: ScriptedOperator
    world: TwinWorld
    trials: Trials
    realtime_s: NonNegative  # [s] of a run at the layout's rate, for the latency; 0: none
    clip: Clip
    figures: str | None  # file for the run's figures, JSON; null: none


@strict
class RobotConfig:
    """Everything that `dexgen-robot` is told."""

    seed: Annotated[int, Field(ge=0)]
    home: str  # the project's state folder
    hand: Hand
    control: Control
    layout: LayoutConfig
    physics: Physics
    robot: TwinSettings

    @property
    def embodiment(self) -> Embodiment:
        return Embodiment(hand=self.hand, control=self.control, layout=self.layout)

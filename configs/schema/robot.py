"""The robot's side: which model it trusts, how it is driven, and the twin's trials."""

from typing import Annotated, Literal

from pydantic import Field

from configs.layout import LayoutConfig
from configs.schema.hand import Hand
from configs.schema.physics import Physics, Range
from configs.schema.script import Script
from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.task import Control
from configs.schema.world import Embodiment


@strict
class Pull:
    """Where models come from and whose signature is trusted."""

    releases: str  # folder of the releases that the robot may download
    public_key: str  # file of the approver's public key, PEM
    cache: str  # folder that keeps the last good model


@strict
class AssistanceSettings:
    """How the controller is asked."""

    mode: str  # what kind of motion is wanted, one of the layout's modes
    assistance: str | None  # `paper` or `guarded`; null: the bundle's default
    reading: Share | None  # [-] how far the student reads the command; null: as in the bundle
    gain: Share | None  # [-] factor on what the student reads; null: as in the bundle
    share: Share | None  # [-] share of a busy command that it cannot read; null: as in the bundle
    # [-] extra risk of a drop that is accepted, 1: no critic; null: as in the bundle
    caution: Share | None
    # [-] how strongly the prior is pulled to the command; null: as in the bundle
    guidance: NonNegative | None
    # [-] share of what inverse dynamics loses, given back; null: as in the bundle
    remainder: Share | None
    threads: Count  # [threads] CPU threads of the exported graph


@strict
class Safety:
    """Limits around the model, whatever it is told and whatever it answers."""

    max_speed: Positive  # [rad/s] greatest speed of a joint target
    # [rad] a reading that lies farther beyond the joint limits is refused
    reading_margin: NonNegative


@strict
class ScriptedOperator:
    """Moves between neighbouring grasps, imperfectly."""

    script: Script  # the clean command
    noise: NonNegative  # [action] a in clip(command + U(-a, a), -1, 1)
    noise_time_s: NonNegative  # [s] correlation time of the noise; 0: drawn anew at each step
    min_distance: NonNegative  # [tolerances] least distance of a new goal from where the object is
    position_tolerance: Positive  # [m] a goal is met when the object is closer to it
    rotation_tolerance: Positive  # [rad] a goal is met when the object is turned less from it
    dwell_s: NonNegative  # [s] a goal is reached when it has been met for so long without a break
    timeout_s: Positive  # [s] a goal that is not reached in time is replaced


@strict
class TwinWorld:
    """What the twin does to the object and to the readings."""

    wrist_speed: Range  # [rad/s] speed at which gravity turns in the hand's frame
    # [rad] standard deviation of the joint readings' noise, each step
    observation_noise: NonNegative
    drop_distance: Positive  # [m] the object is dropped when it is farther from its goal


@strict
class Trials:
    """Hold-time trials, as fast as possible, paired with and without the controller."""

    count: Count  # [trials] number of trials, each with and without the controller
    seconds: Positive  # [s] greatest simulated time of a trial


@strict
class Clip:
    file: str | None  # the video's file, .mp4 or .gif; null: no video
    seconds: Positive  # [s] length of the video, from the first trial
    fps: Positive  # [1/s] pictures a second, at most the control rate
    width: Count  # [pixels] width of each of the two views
    height: Count  # [pixels] height of each of the two views


@strict
class TwinSettings:
    """A simulated hand in place of the robot."""

    kind: Literal["twin"]  # what is driven: the simulated hand
    pull: Pull
    assistance: AssistanceSettings
    safety: Safety
    operator: ScriptedOperator
    world: TwinWorld
    trials: Trials
    realtime_s: NonNegative  # [s] length of a run in real time, for the latency; 0: none
    clip: Clip
    figures: str | None  # file for the figures of the trials, JSON; null: none


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

"""The risk critic: its network and how it is trained; the step `calibrate` chooses thresholds."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.strict import Count, NonNegative, Positive, strict
from configs.schema.train import Optimizer
from configs.schema.world import Embodiment

ShareBelowOne = Annotated[float, Field(ge=0, lt=1)]
Gain = Annotated[float, Field(ge=0, le=1)]


@strict
class CriticNetwork:
    hidden: Count  # width
    layers: Count
    gains: Annotated[tuple[Gain, ...], Field(min_length=2)]  # shares of a command that it weighs

    @model_validator(mode="after")
    def gains_descend(self) -> "CriticNetwork":
        falling = all(a > b for a, b in zip(self.gains, self.gains[1:], strict=False))
        if not falling or (self.gains[0], self.gains[-1]) != (1.0, 0.0):
            raise ValueError("gains descend from 1 (follow) to 0 (hold)")
        return self


@strict
class CriticTraining:
    """One training run, counted in samples (see configs/schema/train.py)."""

    network: CriticNetwork
    horizon_s: Positive  # [s] a drop within this long after an action counts as soon
    optimizer: Optimizer
    samples: Count  # windows
    batch: Count  # windows
    averaging: ShareBelowOne  # decay of the weights' moving average a batch
    averaging_rise: NonNegative  # batches
    history_noise: NonNegative  # std of noise on the standardised history
    minimum_std: Positive  # floor of the history's std
    statistics_windows: Count  # at most, for the normaliser
    validation_share: Annotated[float, Field(gt=0, lt=1)]  # of the episodes, never trained on
    validation_windows: Count  # at most
    validate_every: Count  # batches
    checkpoint_every: Count  # batches
    max_frames: Count  # frames held in memory
    accelerator: Literal["cpu", "cuda"]
    threads: Count  # CPU threads; fixed here, because the last bits depend on it


@strict
class CriticStep:
    """What the critic depends on, beside its references."""

    embodiment: Embodiment
    critic: CriticTraining
    seed: Annotated[int, Field(ge=0)]

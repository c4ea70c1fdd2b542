"""The risk critic: its network and how it is trained; the step `calibrate` chooses thresholds."""

from typing import Annotated

from pydantic import Field, model_validator

from configs.schema.strict import Count, Positive, strict
from configs.schema.train import Training
from configs.schema.world import Embodiment

Gain = Annotated[float, Field(ge=0, le=1)]


@strict
class CriticNetwork:
    hidden: Count  # [-] width of each hidden layer
    layers: Count  # [-] number of hidden layers
    # [-] shares of a command whose risk is compared, from 1 (follow) to 0 (hold)
    gains: Annotated[tuple[Gain, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def gains_descend(self) -> "CriticNetwork":
        falling = all(a > b for a, b in zip(self.gains, self.gains[1:], strict=False))
        if not falling or (self.gains[0], self.gains[-1]) != (1.0, 0.0):
            raise ValueError("gains descend from 1 (follow) to 0 (hold)")
        return self


@strict
class CriticTraining(Training):
    """The training of the critic."""

    network: CriticNetwork
    horizon_s: Positive  # [s] a drop within this time after an action counts as soon


@strict
class CriticStep:
    """What the critic depends on, beside its references."""

    embodiment: Embodiment
    critic: CriticTraining
    seed: Annotated[int, Field(ge=0)]

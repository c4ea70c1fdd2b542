"""How a trained controller samples, and what goes into its bundle."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.strict import Count, Positive, strict
from configs.schema.world import Embodiment


@strict
class Sampling:
    """Guided DDIM (models/diffusion.py says what the rules mean)."""

    steps: Count  # DDIM steps, unrolled in the exported graph
    spacing: Literal["leading", "trailing"]  # the levels end at the cleanest, or begin at the last
    rule: Literal["constant", "posterior"]  # how guidance becomes a step's pull
    clip: Positive  # largest denoised motion, in units of its rms


@strict
class ActivityConfig:
    """When a command counts as calm, and when as busy: mean square of the action, averaged."""

    calm: Annotated[float, Field(ge=0, lt=1)]  # activity up to which a command is calm
    busy: Annotated[float, Field(gt=0, le=1)]  # and from which it is busy

    @model_validator(mode="after")
    def calm_is_below_busy(self) -> "ActivityConfig":
        if self.calm >= self.busy:
            raise ValueError(f"calm {self.calm:g} is not below busy {self.busy:g}")
        return self


@strict
class Parity:
    """Largest differences between the network and its exported graph."""

    target: Positive  # [rad]
    action: Positive
    motion: Positive  # [m]
    meant: Positive
    trust: Positive
    gain: Positive
    memory: Positive
    batch: Count  # inputs compared


@strict
class Export:
    assistance: Literal["paper", "guarded"]  # what a robot uses unless told otherwise
    sampling: Sampling
    activity: ActivityConfig
    parity: Parity
    opset: Annotated[int, Field(ge=17)]  # ONNX operator set
    scenario_grasps: Annotated[int, Field(ge=2)]  # validated grasps that go along


@strict
class ExportStep:
    """What the export step's result depends on."""

    embodiment: Embodiment
    export: Export
    seed: Annotated[int, Field(ge=0)]

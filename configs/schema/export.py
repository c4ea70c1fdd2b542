"""How a trained controller samples, and what goes into its bundle."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.strict import Count, Positive, strict
from configs.schema.world import Embodiment


@strict
class Sampling:
    """Guided DDIM (models/diffusion.py says what the rules mean)."""

    steps: Count  # [steps] number of denoising steps (DDIM), unrolled in the exported graph
    # [-] noise levels in use: `leading` ends at the cleanest, `trailing` begins at the last
    spacing: Literal["leading", "trailing"]
    # [-] how guidance becomes the pull of a denoising step (models/diffusion.py)
    rule: Literal["constant", "posterior"]
    clip: Positive  # [rms of motion] greatest number in a denoised motion


@strict
class ActivityConfig:
    """When a command counts as calm, and when as busy: mean square of the action, averaged."""

    # [mean square of the command] up to this activity a command counts as calm
    calm: Annotated[float, Field(ge=0, lt=1)]
    # [mean square of the command] from this activity on a command counts as busy
    busy: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def calm_is_below_busy(self) -> "ActivityConfig":
        if self.calm >= self.busy:
            raise ValueError(f"calm {self.calm:g} is not below busy {self.busy:g}")
        return self


@strict
class Parity:
    """Largest differences between the network and its exported graph."""

    target: Positive  # [rad] greatest difference between network and graph: of the joint target
    action: Positive  # [action] greatest difference between network and graph: of the action
    # [m] greatest difference between network and graph: of the planned keypoint motion
    motion: Positive
    # [action] greatest difference between network and graph: of what the student reads
    meant: Positive
    # [-] greatest difference between network and graph: of how far the student is believed
    trust: Positive
    # [-] greatest difference between network and graph: of how far the critic lets through
    gain: Positive
    # [steps of action 1] greatest difference between network and graph: of the memory
    memory: Positive
    batch: Count  # [inputs] number of inputs that are compared


@strict
class Export:
    # [-] the assistance that a robot uses unless it is told otherwise
    assistance: Literal["paper", "guarded"]
    sampling: Sampling
    activity: ActivityConfig
    parity: Parity
    opset: Annotated[int, Field(ge=17)]  # [-] version of the ONNX operator set
    # [grasps] number of validated grasps in the bundle, which the twin moves between
    scenario_grasps: Annotated[int, Field(ge=2)]


@strict
class ExportStep:
    """What the export step's result depends on."""

    embodiment: Embodiment
    export: Export
    seed: Annotated[int, Field(ge=0)]

"""The controller's networks and how they are trained."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.strict import Count, NonNegative, Positive, strict
from configs.schema.world import Embodiment

ShareBelowOne = Annotated[float, Field(ge=0, lt=1)]


@strict
class DenoiserConfig:
    """Sizes of the fully connected U-Net and of what conditions it (appendix F of the paper)."""

    hidden: Count  # width of the U-Net; a multiple of `groups`
    blocks: Count  # encoder blocks, and as many decoder blocks
    encoder_hidden: Count  # width of the state encoder; a multiple of `groups`
    encoder_layers: Count
    mode_features: Count  # width of the mode encoder
    time_features: Annotated[int, Field(ge=4, multiple_of=2)]  # of the diffusion step's embedding
    groups: Count  # of GroupNorm


@strict
class InverseDynamicsConfig:
    """Sizes of the residual MLP; the paper prints none."""

    hidden: Count  # a multiple of `groups`
    blocks: Count
    groups: Count  # of GroupNorm


@strict
class ControllerConfig:
    denoiser: DenoiserConfig
    inverse_dynamics: InverseDynamicsConfig
    diffusion_steps: Count  # noise levels in training
    prediction: Literal["noise", "velocity"]  # what the denoiser puts out (models/diffusion.py)


@strict
class Optimizer:
    """AdamW; the rate rises linearly over `warmup`, then falls as a cosine to 0."""

    learning_rate: Positive
    weight_decay: NonNegative
    warmup: ShareBelowOne  # share of the batches
    gradient_clip: Positive  # largest norm of the gradient


@strict
class Streaming:
    """What `loader: stream` holds at once; a frame takes about 430 bytes for 16 joints."""

    buffer_frames: Count  # frames whose windows are shuffled together; no episode may be longer
    block_frames: Count  # frames of whole episodes that are read together
    shards_at_once: Count  # shards whose blocks are mixed
    sample_shards: Count  # shards of which statistics and validation windows are taken
    kept_shards: Count  # shards that stay on this disk; others are fetched from the store again

    @model_validator(mode="after")
    def blocks_fit(self) -> "Streaming":
        if self.block_frames > self.buffer_frames:
            raise ValueError(
                f"buffer_frames {self.buffer_frames} is less than block_frames "
                f"{self.block_frames}; a buffer holds whole blocks: raise it, or lower block_frames"
            )
        return self


@strict
class Training:
    """What every training run has; its length is in samples: equal seeds give equal weights."""

    optimizer: Optimizer
    samples: Count  # windows that each network sees
    batch: Count  # windows
    averaging: ShareBelowOne  # decay of the weights' moving average; 0: the last weights count
    averaging_rise: NonNegative  # batches k after which the decay may reach k / (k + this)
    history_noise: NonNegative  # std of noise on the standardised history
    minimum_std: Positive  # floor of the history's std, for a joint that never moves
    statistics_windows: Count  # at most, spread over the training windows, for the normaliser
    validation_share: Annotated[float, Field(gt=0, lt=1)]  # of the episodes, never trained on
    validation_windows: Count  # at most, spread over the validation episodes
    validate_every: Count  # batches
    checkpoint_every: Count  # batches
    max_frames: Count  # frames held in memory; a larger dataset is refused
    accelerator: Literal["cpu", "cuda"]
    threads: Count  # CPU threads; fixed here, because the last bits depend on it


@strict
class Train(Training):
    """The training of prior and inverse dynamics."""

    controller: ControllerConfig
    loader: Literal["memory", "stream"]  # all frames in memory, or a buffer of them
    stream: Streaming


@strict
class TrainStep:
    """What the training step's result depends on."""

    embodiment: Embodiment
    train: Train
    seed: Annotated[int, Field(ge=0)]

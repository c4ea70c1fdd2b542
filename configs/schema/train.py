"""The controller's networks and how they are trained."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.strict import Count, NonNegative, Positive, strict
from configs.schema.world import Embodiment

ShareBelowOne = Annotated[float, Field(ge=0, lt=1)]


@strict
class DenoiserConfig:
    """Sizes of the fully connected U-Net and of what conditions it (appendix F of the paper)."""

    hidden: Count  # [-] width of the U-Net, a multiple of `groups`
    blocks: Count  # [-] number of encoder blocks, and of decoder blocks
    encoder_hidden: Count  # [-] width of the state encoder, a multiple of `groups`
    encoder_layers: Count  # [-] number of layers of the state encoder
    mode_features: Count  # [-] width of the mode encoder
    # [-] width of the embedding of the noise level
    time_features: Annotated[int, Field(ge=4, multiple_of=2)]
    groups: Count  # [-] number of groups of GroupNorm


@strict
class InverseDynamicsConfig:
    """Sizes of the residual MLP; the paper prints none."""

    hidden: Count  # [-] width of the residual MLP, a multiple of `groups`
    blocks: Count  # [-] number of residual blocks
    groups: Count  # [-] number of groups of GroupNorm


@strict
class ControllerConfig:
    denoiser: DenoiserConfig
    inverse_dynamics: InverseDynamicsConfig
    diffusion_steps: Count  # [-] number of noise levels in training
    prediction: Literal["noise", "velocity"]  # [-] what the denoiser puts out (models/diffusion.py)


@strict
class Optimizer:
    """AdamW; the rate rises linearly over `warmup`, then falls as a cosine to 0."""

    learning_rate: Positive  # [-] greatest learning rate of AdamW
    weight_decay: NonNegative  # [-] weight decay of AdamW
    warmup: ShareBelowOne  # [share of batches] in how much of the training the rate rises
    gradient_clip: Positive  # [-] greatest norm of a gradient


@strict
class Streaming:
    """What `loader: stream` holds at once; a frame takes about 430 bytes for 16 joints."""

    # [frames] frames whose windows are shuffled together; no episode may be longer
    buffer_frames: Count
    block_frames: Count  # [frames] frames of whole episodes that are read together
    shards_at_once: Count  # [shards] number of shards whose blocks are mixed
    sample_shards: Count  # [shards] shards that statistics and validation windows are taken from
    # [shards] shards that stay on this disk; others are fetched from the store again
    kept_shards: Count

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
    samples: Count  # [windows] number of windows that each network sees
    batch: Count  # [windows] number of windows of one gradient step
    # [-] decay of the weights' moving average in a batch; 0: the last weights count
    averaging: ShareBelowOne
    averaging_rise: NonNegative  # [batches] after k batches the decay is at most k / (k + this)
    history_noise: NonNegative  # [std] standard deviation of noise on the standardised history
    minimum_std: Positive  # [rad, m] least standard deviation that the history is divided by
    # [windows] greatest number of windows that the normaliser is fitted to
    statistics_windows: Count
    # [share of episodes] share of the episodes that is never trained on
    validation_share: Annotated[float, Field(gt=0, lt=1)]
    validation_windows: Count  # [windows] greatest number of windows of a validation
    validate_every: Count  # [batches] batches from one validation to the next
    checkpoint_every: Count  # [batches] batches from one checkpoint to the next
    max_frames: Count  # [frames] greatest number of frames in memory; a larger dataset is refused
    accelerator: Literal["cpu", "cuda"]  # [-] what the networks are trained on
    threads: Count  # [threads] CPU threads; the last bits depend on their number


@strict
class Train(Training):
    """The training of prior and inverse dynamics."""

    controller: ControllerConfig
    # [-] where frames are held: all in memory, or a buffer of a stream
    loader: Literal["memory", "stream"]
    stream: Streaming


@strict
class TrainStep:
    """What the training step's result depends on."""

    embodiment: Embodiment
    train: Train
    seed: Annotated[int, Field(ge=0)]

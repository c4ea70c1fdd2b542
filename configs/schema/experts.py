"""Expert policies: PPO as a residual on the scripted interpolation (appendix D of the paper)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.strict import Count, NonNegative, Positive, strict
from configs.schema.world import World

PositiveShare = Annotated[float, Field(gt=0, le=1)]
# rsl_rl 5.5 keeps an adaptive rate within these bounds, which it does not let one choose
# (algorithms/ppo.py); a rate that starts outside would jump at the first update, silently.
ADAPTIVE_RATES = (1e-5, 1e-2)


@strict
class PolicyConfig:
    """The actor: action = script + residual_scale * policy, clipped to [-1, 1]."""

    hidden: Annotated[tuple[Count, ...], Field(min_length=1)]  # widths; the critic has the same
    activation: Literal["elu", "relu", "tanh"]
    residual_scale: NonNegative  # [action]
    script_rate: PositiveShare  # greatest action of the script
    initial_std: Positive  # of the policy's output


@strict
class PpoConfig:
    """Proximal policy optimisation; budgets in iterations of environments x steps samples."""

    environments: Count
    steps: Count  # control steps of each environment in an iteration
    iterations: Count
    epochs: Count
    batch: Count  # samples of one gradient step
    learning_rate: Positive
    desired_kl: Positive | None  # the rate follows the divergence from the last policy; null: fixed
    clip: Positive
    gamma: PositiveShare
    lam: PositiveShare
    value_weight: NonNegative
    entropy_weight: NonNegative
    gradient_clip: Positive
    reward_scale: Positive  # factor on every reward, so that the values stay of order one
    checkpoint_every: Count  # iterations

    @model_validator(mode="after")
    def rate_can_adapt(self) -> "PpoConfig":
        low, high = ADAPTIVE_RATES
        if self.desired_kl is not None and not low <= self.learning_rate <= high:
            raise ValueError(
                f"learning_rate {self.learning_rate:g} is outside {low:g} to {high:g}, within "
                "which it adapts to desired_kl; choose one inside or set desired_kl=null"
            )
        return self

    @model_validator(mode="after")
    def batches_fit(self) -> "PpoConfig":
        if self.batch > self.environments * self.steps:
            raise ValueError(
                f"batch {self.batch} exceeds an iteration's {self.environments * self.steps} "
                "samples (environments x steps); choose a smaller batch"
            )
        return self


@strict
class Comparison:
    """How script and expert are measured side by side, under equal disturbances."""

    environments: Count
    duration_s: Positive  # [s]
    confidence: Annotated[float, Field(gt=0, lt=1)]  # of the intervals


@strict
class Experts:
    policy: PolicyConfig
    ppo: PpoConfig
    comparison: Comparison
    threads: Count  # CPU threads of the networks; fixed here, because the last bits depend on it


@strict
class ExpertStep:
    """What one expert depends on, beside its references."""

    world: World
    style: str  # its name in task.styles
    experts: Experts
    seed: Annotated[int, Field(ge=0)]

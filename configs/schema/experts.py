"""Expert policies: PPO as a residual on the scripted interpolation (appendix D of the paper)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.script import PositiveShare, Script
from configs.schema.strict import Count, NonNegative, Positive, strict
from configs.schema.world import World

# rsl_rl 5.5 keeps an adaptive rate within these bounds, which it does not let one choose
# (algorithms/ppo.py); a rate that starts outside would jump at the first update, silently.
ADAPTIVE_RATES = (1e-5, 1e-2)


@strict
class PolicyConfig:
    """The actor: action = script + residual_scale * policy, clipped to [-1, 1]."""

    # [-] widths of the hidden layers, of the actor and of PPO's value network
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)]
    activation: Literal["elu", "relu", "tanh"]  # [-] activation function of the hidden layers
    residual_scale: NonNegative  # [action] factor on the policy's output before the script is added
    script: Script  # what the policy's output is added to
    initial_std: Positive  # [-] standard deviation of the policy's output when training begins


@strict
class PpoConfig:
    """Proximal policy optimisation; budgets in iterations of environments x steps samples."""

    environments: Count  # [-] number of environments that are stepped together
    steps: Count  # [control steps] length of an iteration, in each environment
    iterations: Count  # [-] number of iterations; each has environments x steps samples
    epochs: Count  # [-] passes over the samples of an iteration
    batch: Count  # [samples] samples of one gradient step
    learning_rate: Positive  # [-] learning rate of Adam, at the beginning if it adapts
    # [nat] divergence from the last policy that the rate adapts to; null: it is fixed
    desired_kl: Positive | None
    clip: Positive  # [-] clip range of the probability ratio
    gamma: PositiveShare  # [-] discount of the reward of the next control step
    lam: PositiveShare  # [-] lambda of generalised advantage estimation
    value_weight: NonNegative  # [-] weight of the value loss
    entropy_weight: NonNegative  # [-] weight of the entropy bonus
    gradient_clip: Positive  # [-] greatest norm of a gradient
    reward_scale: Positive  # [-] factor on every reward, so that the values stay of order one
    checkpoint_every: Count  # [iterations] iterations from one checkpoint to the next

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

    environments: Count  # [-] number of environments that script and expert have each
    duration_s: Positive  # [s] simulated time of the comparison
    confidence: Annotated[float, Field(gt=0, lt=1)]  # [-] confidence level of its intervals


@strict
class Experts:
    policy: PolicyConfig
    ppo: PpoConfig
    comparison: Comparison
    threads: Count  # [threads] CPU threads of the networks; the last bits depend on their number


@strict
class ExpertStep:
    """What one expert depends on, beside its references."""

    world: World
    style: str  # its name in task.styles
    experts: Experts
    seed: Annotated[int, Field(ge=0)]

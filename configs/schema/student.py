"""The student: what it remembers of a command, its network, and how it is distilled."""

from typing import Annotated

from pydantic import Field, model_validator

from configs.schema.perturbations import Perturbation
from configs.schema.physics import Range
from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.train import Optimizer
from configs.schema.world import World

Times = Annotated[tuple[Positive, ...], Field(min_length=1)]  # [s]


@strict
class MemoryConfig:
    """Over how long each quantity is averaged (models/memory.py) [s]."""

    command_s: Times  # [s] time constants of the averages of the command
    target_s: Times  # [s] time constants of the averages of the joint target
    error_s: Times  # [s] time constants of the averages of joint target minus reading
    power_s: Times  # [s] time constants of the command's square and its product with the last one
    activity_s: Positive  # [s] time constant of the power that tells a calm command from a busy one


@strict
class StudentNetwork:
    memory: MemoryConfig
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)]  # [-] widths of the hidden layers


@strict
class Doubt:
    """When the student is not believed: where a moment is unlike its lessons."""

    # [-] up to this quantile of the lessons' distances the student is wholly believed
    first: Annotated[float, Field(gt=0, lt=1)]
    # [-] from this quantile of the lessons' distances on it is not believed at all
    last: Annotated[float, Field(gt=0, lt=1)]
    floor: Positive  # [-] what is added to the variances of the features
    samples: Count  # [control steps] about how many control steps the distances are measured on

    @model_validator(mode="after")
    def first_is_below_last(self) -> "Doubt":
        if self.first >= self.last:
            raise ValueError(f"first {self.first:g} is not below last {self.last:g}")
        return self


@strict
class Distill:
    """Rounds of practice and lessons (DAgger), counted in control steps and batches.

    In a round the student, or in its place the teacher, answers spoilt commands in every
    environment; then it learns from the rounds so far what the teacher would have done.
    """

    network: StudentNetwork
    environments: Count  # [-] number of environments that are stepped together
    rounds: Count  # [-] number of rounds of practice, each followed by lessons
    round_s: Positive  # [s] simulated time of a round; each starts afresh in all environments
    spell_s: Range  # [s] how long a kind of command lasts
    # [share of spells] how often the student acts, in the first and in the last round
    acts: tuple[Share, Share]
    batches: Count  # [batches] gradient steps after each round
    batch: Count  # [control steps] control steps of one gradient step
    optimizer: Optimizer
    linear_from: Positive  # [action] the loss is quadratic in errors up to here and linear beyond
    input_noise: NonNegative  # [-] standard deviation of the noise on the network's inputs
    # [-] weight of the auxiliary loss, which asks for the way to the goal's targets
    way_weight: NonNegative
    doubt: Doubt
    library: dict[str, Perturbation]  # kinds of commands that are taught, by name
    # [-] how often this kind of command is drawn, relative to the others
    weights: dict[str, Positive]
    threads: Count  # [threads] CPU threads; the last bits depend on their number

    @model_validator(mode="after")
    def weights_have_their_kind(self) -> "Distill":
        unknown = sorted(self.weights.keys() ^ self.library.keys())
        if unknown:
            raise ValueError(f"weights and library differ in {unknown[0]!r}; name it in both")
        return self


@strict
class DistillStep:
    """What the student depends on, beside its references."""

    world: World
    distill: Distill
    seed: Annotated[int, Field(ge=0)]  # of practice
    training_seed: Annotated[int, Field(ge=0)]  # of the networks

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

    command_s: Times
    target_s: Times
    error_s: Times  # of joint target minus reading
    power_s: Times  # of the command's square, and of its product with the one before
    activity_s: Positive  # of the power that tells a calm command from a busy one


@strict
class StudentNetwork:
    memory: MemoryConfig
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)]  # widths


@strict
class Doubt:
    """When the student is not believed: where a moment is unlike its lessons."""

    first: Annotated[
        float, Field(gt=0, lt=1)
    ]  # quantile of the lessons' distances: wholly up to it
    last: Annotated[float, Field(gt=0, lt=1)]  # and from this one on not at all
    floor: Positive  # added to the features' variances
    samples: Count  # control steps that this is measured on, about

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
    environments: Count
    rounds: Count
    round_s: Positive  # [s] each starts afresh in all environments
    spell_s: Range  # [s] how long a kind of command lasts
    acts: tuple[Share, Share]  # share of the spells in which the student acts, first and last round
    batches: Count  # of each round
    batch: Count  # control steps
    optimizer: Optimizer
    linear_from: Positive  # [action] the loss grows linearly with errors beyond it
    input_noise: NonNegative  # std on the network's inputs
    way_weight: NonNegative  # of the auxiliary loss: the way to the goal's targets
    doubt: Doubt
    library: dict[str, Perturbation]  # kinds of commands
    weights: dict[str, Positive]  # how often each of them, relative to the others
    threads: Count  # CPU threads; fixed here, because the last bits depend on it

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

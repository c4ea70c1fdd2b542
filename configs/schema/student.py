"""The student: what it remembers of a command, its network, and how it is distilled."""

from typing import Annotated

from pydantic import Field, model_validator

from configs.schema.perturbations import Perturbation
from configs.schema.physics import Range
from configs.schema.strict import strict
from configs.schema.train import Optimizer
from configs.schema.world import World

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
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
    members: Annotated[int, Field(ge=2)]  # networks, whose disagreement says what is unknown


@strict
class Doubt:
    """When the student is not believed: its members disagree more than on what they were taught."""

    quantile: Annotated[float, Field(gt=0, lt=1)]  # of known commands' doubts: believed up to it
    factor: Annotated[float, Field(gt=1)]  # times that: not believed from it on
    samples: Count  # control steps of the last round that this is measured on, about


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

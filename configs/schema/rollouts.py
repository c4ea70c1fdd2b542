"""Rollouts: experts under injected noise, filtered into episodes."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from configs.schema.physics import Range
from configs.schema.strict import Count, NonNegative, Positive, Share, strict
from configs.schema.world import World

Kind = Literal["fresh", "held", "open", "finger", "pose"]


@strict
class Bursts:
    """When the command is bad: bursts between calm spells in which the expert recovers.

    The calm after a burst is what teaches the denoiser the way back from a bad state. A burst is
    of one kind, drawn by weight:

    `fresh`, `held`  noise U(-level, level) on each joint of the expert's command, drawn at every
                     step or once for the whole burst, which moves the hand farther
    `open`           every joint towards the hand's open pose
    `finger`         one finger's joints towards it, the others as the expert says
    `pose`           every joint towards a random pose
    """

    bad_s: Range  # [s] length of a burst
    calm_s: Range  # [s] length of a calm spell between two bursts
    strength: Range  # [action] greatest action of a burst towards a pose, drawn once for a burst
    # [-] how often a burst is of this kind, relative to the others
    kinds: Annotated[dict[Kind, NonNegative], Field(min_length=1)]

    @model_validator(mode="after")
    def some_kind_is_drawn(self) -> "Bursts":
        if not sum(self.kinds.values()) > 0:
            raise ValueError("every kind has weight 0; give one a positive weight")
        return self


@strict
class Filter:
    """What of an episode is kept."""

    drop_trim_s: NonNegative  # [s] what is cut from the end of an episode that ends in a drop
    min_episode_s: Positive  # [s] a shorter episode is left out


@strict
class Rollouts:
    environments: Count  # [-] number of environments that are stepped together
    chunks: Count  # [-] number of parts, published one by one; a killed run goes on with the next
    chunk_s: Positive  # [s] simulated time of a chunk, in every environment
    # [action] sizes of the noise U(-level, level), dealt out to environments in turn
    levels: Annotated[tuple[NonNegative, ...], Field(min_length=1)]
    bursts: Bursts
    # [share of environments] in how many environments a student reads the bad commands
    assisted: Share
    filter: Filter
    # [-] the mode label that frames of this style get
    modes: Annotated[dict[str, str], Field(min_length=1)]
    shard_mib: Positive  # [MiB] greatest size of a shard
    threads: Count  # [threads] CPU threads of the policy; the last bits depend on their number


@strict
class RolloutsStep:
    """What the rollouts of one style depend on, beside their references."""

    world: World
    style: str
    rollouts: Rollouts
    seed: Annotated[int, Field(ge=0)]

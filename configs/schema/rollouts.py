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
    calm_s: Range  # [s] length of a calm spell
    strength: Range  # [action] greatest action of a burst towards a pose, drawn once a burst
    kinds: Annotated[dict[Kind, NonNegative], Field(min_length=1)]  # weights

    @model_validator(mode="after")
    def some_kind_is_drawn(self) -> "Bursts":
        if not sum(self.kinds.values()) > 0:
            raise ValueError("every kind has weight 0; give one a positive weight")
        return self


@strict
class Filter:
    """What of an episode is kept."""

    drop_trim_s: NonNegative  # [s] cut from the end of an episode that ends in a drop
    min_episode_s: Positive  # [s] what is left must be at least so long


@strict
class Rollouts:
    environments: Count
    chunks: Count  # each is published on its own; a killed run goes on with the next
    chunk_s: Positive  # [s] simulated time of a chunk, in every environment
    levels: Annotated[tuple[NonNegative, ...], Field(min_length=1)]  # [action] U(-level, level)
    bursts: Bursts
    assisted: Share  # of the environments: a student reads the bad commands there
    filter: Filter
    modes: Annotated[dict[str, str], Field(min_length=1)]  # style -> mode label of the layout
    shard_mib: Positive  # [MiB] greatest size of a shard
    threads: Count  # CPU threads of the policy; fixed, because the last bits depend on it


@strict
class RolloutsStep:
    """What the rollouts of one style depend on, beside their references."""

    world: World
    style: str
    rollouts: Rollouts
    seed: Annotated[int, Field(ge=0)]

"""Rollouts: experts under injected noise, filtered into episodes."""

from typing import Annotated

from pydantic import Field

from configs.schema.physics import Range
from configs.schema.strict import strict
from configs.schema.world import World

NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


@strict
class Bursts:
    """When noise is injected: bursts between calm spells in which the expert recovers.

    The calm after a burst is what teaches the denoiser the way back from a bad state. Within a
    burst the noise is either fresh each step or, in `held_share` of the bursts, one draw held
    throughout, which moves the hand farther.
    """

    noisy_s: Range  # [s] length of a burst
    calm_s: Range  # [s] length of a calm spell
    held_share: Annotated[float, Field(ge=0, le=1)]


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

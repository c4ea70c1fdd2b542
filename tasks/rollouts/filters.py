"""What of a rolled-out episode goes into the dataset (paper, appendix A)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from configs.schema.rollouts import Filter

Episode = Mapping[str, np.ndarray]  # field -> [T, ...]


@dataclass
class Counts:
    """What was rolled out and what became of it; the last three sum up to all frames."""

    episodes: int = 0  # rolled out
    drops: int = 0  # of them ended in a drop
    too_short: int = 0  # of them left out
    frames_kept: int = 0
    frames_trimmed: int = 0  # cut off before a drop
    frames_too_short: int = 0  # in episodes left out, after trimming


def keep(
    episode: Episode, dropped: bool, config: Filter, hz: float, counts: Counts
) -> dict[str, np.ndarray] | None:
    """Return what is kept of an episode, or None; `counts` says why.

    The last `drop_trim_s` of an episode that ends in a drop led to it and are cut off. `drop` is
    set in the last frame that is kept then: the drop follows, `drop_trim_s` later.
    """
    length = len(episode["step"])
    trimmed = min(round(config.drop_trim_s * hz), length) if dropped else 0
    left = length - trimmed
    counts.episodes += 1
    counts.drops += dropped
    counts.frames_trimmed += trimmed
    if left < max(round(config.min_episode_s * hz), 1):
        counts.too_short += 1
        counts.frames_too_short += left
        return None
    counts.frames_kept += left
    kept = {name: array[:left].copy() for name, array in episode.items()}
    if dropped:
        kept["drop"][-1] = 1
    return kept

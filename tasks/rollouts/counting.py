"""What kept episodes show, counted: fingers in use, regrasps, recoveries."""

from collections import Counter

import numpy as np

from configs.layout import NO_OBJECT
from tasks.rollouts.filters import Episode

LASTS_S = 0.25  # [s] a finger that was away for so long and then touches for so long regrasped
KEPT_S = 1.0  # [s] an object that is kept for so long after a bad spell was recovered


def count_shown(episode: Episode, touching: np.ndarray, hz: float) -> Counter[str]:
    """Return what an episode shows; touching [T, F] says which fingers touch the object.

    `regrasps` and `recoveries` are events, `fingers_K` the frames in which K fingers touch, and
    `touches_I` those in which finger I does. In an empty hand none is counted.
    """
    holding = touching[episode["object"] != NO_OBJECT]
    number = np.bincount(holding.sum(axis=1), minlength=touching.shape[1] + 1)
    return Counter(
        regrasps=regrasps(touching, max(round(LASTS_S * hz), 1)),
        recoveries=recoveries(episode["clean"] != 0, max(round(KEPT_S * hz), 1)),
        **{f"fingers_{count}": int(frames) for count, frames in enumerate(number)},
        **{f"touches_{finger}": int(row.sum()) for finger, row in enumerate(holding.T)},
    )


def regrasps(touching: np.ndarray, lasting: int) -> int:
    """Return how often a finger came to touch [T, F]: away and then there for so many frames."""
    if len(touching) < 2 * lasting:
        return 0
    spells = np.lib.stride_tricks.sliding_window_view(touching, 2 * lasting, axis=0)
    away, there = ~spells[..., :lasting].any(axis=-1), spells[..., lasting:].all(axis=-1)
    return int((away & there).sum())


def recoveries(clean: np.ndarray, lasting: int) -> int:
    """Return after how many bad spells an episode [T] went on for so many frames."""
    ends = np.flatnonzero(clean[1:] & ~clean[:-1]) + 1
    return int((ends + lasting <= len(clean)).sum())

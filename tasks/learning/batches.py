"""Which windows and which noise a training batch holds: a function of seed, number and rank alone.

Nothing is drawn from a running generator, so a training that goes on from batch k draws what an
uninterrupted one would have drawn. Several processes that train one model (ranks 0 .. world - 1)
share one endless sequence of rows: of `world` places in a row each takes one.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from configs.layout import Layout
from models.controller import Windows
from tasks.learning.windows import Frames, gather


@dataclass(frozen=True)
class Batch:
    """Windows of the two networks, and the noise of this batch."""

    prior: Windows  # clean windows
    inverse: Windows  # all windows
    noise: Tensor  # [B, T, K, 3]
    level: Tensor  # [B] int64 noise level
    prior_jitter: Tensor  # [B, H, S] on the prior's standardised history
    inverse_jitter: Tensor  # [B, H, S]


def generator(seed: int, *key: int) -> torch.Generator:
    """Return a generator of its own for (seed, key)."""
    # The length goes in because a seed sequence takes (k) and (k, 0) for the same.
    state = np.random.SeedSequence([len(key), *key, seed]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


@dataclass(frozen=True)
class Rank:
    """Which of `world` processes that train one model this one is."""

    number: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.world:
            raise ValueError(f"rank {self.number} of {self.world}: ranks are 0 .. world - 1")

    @property
    def key(self) -> tuple[int, ...]:
        """Return what sets this rank's draws apart; nothing for the first, which may be alone."""
        return (self.number,) if self.number else ()


ALONE = Rank()


class Stream:
    """Endless passes over `rows`, each pass in its own random order.

    Rank r's place p is place p * world + r of the sequence: the ranks' rows are disjoint, and
    together complete, in every pass and whatever does not divide.
    """

    def __init__(self, rows: Tensor, seed: int, stream: int, rank: Rank = ALONE):
        self.rows, self.seed, self.stream, self.rank = rows, seed, stream, rank
        self._epoch, self._order = -1, rows

    def take(self, start: int, count: int) -> Tensor:
        """Return the rows at this rank's places start .. start + count."""
        world = self.rank.world
        shared = self._take(start * world, count * world)
        return shared[self.rank.number :: world]

    def _take(self, start: int, count: int) -> Tensor:
        parts = []
        while count > 0:
            epoch, place = divmod(start, len(self.rows))
            if epoch != self._epoch:
                draws = generator(self.seed, self.stream, epoch)
                self._epoch, self._order = epoch, torch.randperm(len(self.rows), generator=draws)
            part = self._order[place : place + count]
            parts.append(part)
            start, count = start + len(part), count - len(part)
        return self.rows[torch.cat(parts)]


class WindowSequence(Protocol):
    """An endless sequence of windows."""

    def take(self, start: int, count: int) -> Windows:
        """Return the windows at this rank's places start .. start + count."""
        ...


class MemoryWindows:
    """Windows of frames in memory, in the order of a `Stream` of `rows`; any place can be taken."""

    def __init__(
        self,
        frames: Frames,
        layout: Layout,
        rows: Tensor,
        seed: int,
        stream: int,
        rank: Rank = ALONE,
    ):
        self.frames, self.layout = frames, layout
        self._stream = Stream(rows.cpu(), seed, stream, rank)

    def take(self, start: int, count: int) -> Windows:
        """Return the windows at this rank's places start .. start + count."""
        rows = self._stream.take(start, count).to(self.frames.step.device)
        return gather(self.frames, rows, self.layout)


class Batches:
    """Batches by number.

    Args:
        prior: clean windows. inverse: all windows. size: windows of each in a batch of this rank.
        levels: noise levels of the diffusion. jitter: std of noise on the standardised history.
    """

    def __init__(
        self,
        prior: WindowSequence,
        inverse: WindowSequence,
        layout: Layout,
        *,
        size: int,
        levels: int,
        jitter: float,
        seed: int,
        rank: Rank = ALONE,
    ):
        self.prior, self.inverse, self.layout = prior, inverse, layout
        self.size, self.levels, self.jitter, self.seed = size, levels, jitter, seed
        self.rank = rank

    def draw(self, index: int) -> Batch:
        """Return batch number `index` on the windows' device."""
        prior = self.prior.take(index * self.size, self.size)
        inverse = self.inverse.take(index * self.size, self.size)
        device = prior.history.device
        draws = generator(self.seed, 2, index, *self.rank.key)
        history = (self.size, self.layout.history, self.layout.step_size)

        def normal(*shape: int) -> Tensor:
            return torch.randn(shape, generator=draws).to(device)

        def jitter() -> Tensor:
            return self.jitter * normal(*history) if self.jitter else torch.zeros(1, device=device)

        return Batch(
            prior=prior,
            inverse=inverse,
            noise=normal(self.size, *self.layout.motion_shape),
            level=torch.randint(self.levels, (self.size,), generator=draws).to(device),
            prior_jitter=jitter(),
            inverse_jitter=jitter(),
        )

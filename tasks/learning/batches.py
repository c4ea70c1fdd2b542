"""What a training batch holds: windows, and noise that depends on seed, number and rank alone.

Nothing is drawn from a running generator, so a training that goes on from batch k draws what an
uninterrupted one would have drawn.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from configs.layout import Layout
from models.controller import Windows
from tasks.learning.buffers import ALONE, Rank, WindowStream, generator


@dataclass(frozen=True)
class Batch:
    """Windows of the two networks, and the noise of this batch."""

    prior: Windows  # clean windows
    inverse: Windows  # all windows
    noise: Tensor  # [B, T, K, 3]
    level: Tensor  # [B] int64 noise level
    prior_jitter: Tensor  # [B, H, S] on the prior's standardised history
    inverse_jitter: Tensor  # [B, H, S]


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Batches, one after the other."""

    prior: WindowStream[Windows]  # clean windows
    inverse: WindowStream[Windows]  # all windows
    layout: Layout
    size: int  # windows of each in a batch of this rank
    levels: int  # noise levels of the diffusion
    jitter: float  # std of noise on the standardised history
    seed: int
    rank: Rank = ALONE

    def draw(self, index: int) -> Batch:
        """Return the next windows with the noise of batch number `index`, on their device."""
        prior, inverse = self.prior.take(self.size), self.inverse.take(self.size)
        device = prior.history.device
        draws = generator(self.seed, 2, index, *self.rank.key)

        def normal(*shape: int) -> Tensor:
            return torch.randn(shape, generator=draws).to(device)

        def jitter() -> Tensor:
            history = (self.size, self.layout.history, self.layout.step_size)
            return self.jitter * normal(*history) if self.jitter else torch.zeros(1, device=device)

        return Batch(
            prior=prior,
            inverse=inverse,
            noise=normal(self.size, *self.layout.motion_shape),
            level=torch.randint(self.levels, (self.size,), generator=draws).to(device),
            prior_jitter=jitter(),
            inverse_jitter=jitter(),
        )

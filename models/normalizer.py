"""Scales inside the model, so that a controller never travels without them."""

import torch
from torch import Tensor, nn

from configs.errors import UserError
from configs.layout import Layout


class Normalizer(nn.Module):
    """Standardise histories per feature, and keypoint motion by one global scale.

    A history becomes its newest step and the changes that led there, each standardised on its
    own: the same numbers, but a joint moves by hundredths of its range in a step, and next to
    that range a network would hardly see it. Motion has one scale (its rms) and no mean, so that
    "no motion" stays 0 and distances keep their shape. Nothing works before `fit` or before
    statistics were loaded.
    """

    mean: Tensor  # [S]
    std: Tensor  # [S]
    change: Tensor  # [S] rms of the change from step to step
    scale: Tensor  # [] rms of a motion coordinate [m]

    def __init__(self, layout: Layout):
        super().__init__()
        # NaN marks missing statistics: it survives saving and loading, a flag could be left out.
        self.register_buffer("mean", torch.full((layout.step_size,), torch.nan))
        self.register_buffer("std", torch.full((layout.step_size,), torch.nan))
        self.register_buffer("change", torch.full((layout.step_size,), torch.nan))
        self.register_buffer("scale", torch.tensor(torch.nan))

    def fit(self, history: Tensor, motion: Tensor, minimum_std: float) -> None:
        """Take the statistics of histories [N, H, S] and motions [N, T, K, 3] [m].

        Raises:
            UserError: nothing to measure, not finite, or nothing moves.
        """
        if len(history) == 0:
            raise UserError("normaliser: no windows to take statistics of")
        newest, scale = history[:, -1].double(), motion.double().square().mean().sqrt()
        mean, std = newest.mean(0), newest.std(0, correction=0)
        changes = history.double().diff(dim=1).square().sum((0, 1))  # 0 for a history of one step
        change = (changes / (len(history) * max(1, history.shape[1] - 1))).sqrt()
        if not all(part.isfinite().all() for part in (scale, std, change)):
            raise UserError("normaliser: the data hold values that are not finite")
        if scale == 0:
            raise UserError("normaliser: no keypoint moves in the data; check the rollouts")
        self.mean.copy_(mean)
        self.std.copy_(std.clamp_min(minimum_std))
        self.change.copy_(change.clamp_min(minimum_std))
        self.scale.copy_(scale)

    def require_fitted(self) -> None:
        """Raise UserError if the statistics are missing."""
        if not all(buffer.isfinite().all() for buffer in self.buffers()):
            raise UserError(
                "normaliser: statistics are missing; fit it or load a trained controller"
            )

    def history(self, history: Tensor) -> Tensor:
        """Return [B, H, S]: changes, oldest first, then the newest step, all standardised."""
        newest = (history[:, -1:] - self.mean) / self.std
        changes = (history[:, 1:] - history[:, :-1]) / self.change
        return torch.cat([changes, newest], dim=1)

    def motion(self, motion: Tensor) -> Tensor:
        """Express motions [..., T, K, 3] [m] in units of their rms."""
        return motion / self.scale

    def metres(self, motion: Tensor) -> Tensor:
        """Undo `motion`."""
        return motion * self.scale

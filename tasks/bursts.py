"""Injected noise that comes in bursts, so that the calm after them shows how to recover."""

import numpy as np

from configs.schema.physics import Range
from configs.schema.rollouts import Bursts


class NoiseBursts:
    """Alternate calm and noisy spells, each environment its own.

    In a burst the noise is U(-level, level) for each joint: a fresh draw each step or, in
    `held_share` of the bursts, one draw held to the burst's end.
    """

    def __init__(
        self, config: Bursts, levels: np.ndarray, joints: int, hz: float, rng: np.random.Generator
    ) -> None:
        """Begin in a calm spell. `levels` [N] is each environment's noise [action]."""
        self.config, self.levels, self.hz, self.rng = config, levels, hz, rng
        count = len(levels)
        self.noisy = np.zeros(count, dtype=bool)
        self.held = np.zeros(count, dtype=bool)
        self.offset = np.zeros((count, joints))  # [action] the draw of a held burst
        self.left = self._lengths(config.calm_s)  # [control steps] of the present spell

    def step(self) -> np.ndarray:
        """Return the noise [N, n] [action] of the next step; exactly zero in calm spells."""
        over = self.left <= 0
        self._begin(over)
        self.left -= 1
        fresh = self._draw()
        noise = np.where(self.held[:, None], self.offset, fresh)
        return np.where(self.noisy[:, None], noise, 0.0).astype(np.float32)

    def _begin(self, over: np.ndarray) -> None:
        """Turn calm into noise and noise into calm where a spell is over.

        Everything is drawn for all environments: the sequence does not depend on who uses it.
        """
        self.noisy = np.where(over, ~self.noisy & (self.levels > 0), self.noisy)
        held = self.rng.random(len(over)) < self.config.held_share
        self.held = np.where(over, held, self.held)
        self.offset = np.where(over[:, None], self._draw(), self.offset)
        noisy, calm = self._lengths(self.config.noisy_s), self._lengths(self.config.calm_s)
        self.left = np.where(over, np.where(self.noisy, noisy, calm), self.left)

    def _draw(self) -> np.ndarray:
        level = self.levels[:, None]
        return level * self.rng.uniform(-1.0, 1.0, self.offset.shape)

    def _lengths(self, seconds: Range) -> np.ndarray:
        drawn = self.rng.uniform(*seconds, len(self.levels))
        return np.maximum(np.round(drawn * self.hz), 1).astype(int)


def deal_levels(levels: tuple[float, ...], objects: int, count: int) -> np.ndarray:
    """Return each environment's level [N]: every object meets every level.

    Objects are dealt out in turn, so a level goes to a whole round of them.
    """
    rounds = np.arange(count) // objects
    return np.array(levels)[rounds % len(levels)]

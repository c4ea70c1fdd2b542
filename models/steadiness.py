"""How steady a command is: whether it keeps its direction, or is mostly noise.

With E the exponential average over `time_s`, of the commands c since an episode's start:

    steadiness = |E[c]|^2 / E[|c|^2]   in [0, 1]

A command that stays has 1; independent noise has dt / (2 time_s), however strong it is. A steady
command is worth following closely, and the prior's own motion is worth more than noise: guidance
goes linearly from `guidance` at `low` to `steady_guidance` at `high`. Noise that is itself steady
passes for intention; against that there is the critic. Numpy arrays.
"""

import numpy as np

from configs.schema.export import SteadinessConfig

SMALLEST = 1e-9  # of E[|c|^2]; a command of zero is not steady: there is nothing to follow


class Steadiness:
    """The averages of any number of commands, [...] of them side by side."""

    def __init__(self, config: SteadinessConfig, control_hz: float) -> None:
        self.config = config
        self.share = 1.0 - float(np.exp(-1.0 / (control_hz * config.time_s)))
        self.mean: np.ndarray | None = None  # [..., n]
        self.square: np.ndarray | None = None  # [...]

    def step(self, command: np.ndarray, started: np.ndarray) -> np.ndarray:
        """Take in a control step's commands [..., n] and return their steadiness [...].

        `started` [...] is set where an episode begins: it starts as not steady.
        """
        now = np.sum(np.square(command, dtype=np.float64), axis=-1)
        if self.mean is None or self.square is None:
            self.mean, self.square = np.zeros(command.shape), now
        mean = np.where(started[..., None], 0.0, self.mean)
        square = np.where(started, now, self.square)
        mean = mean + self.share * (command - mean)
        square = square + self.share * (now - square)
        self.mean, self.square = mean, square
        return np.sum(mean**2, axis=-1) / np.maximum(square, SMALLEST)

    def guidance(self, steadiness: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
        """Return the guidance [...] between `weak` and `strong`, [...] each."""
        span = self.config.high - self.config.low
        share = np.clip((steadiness - self.config.low) / span, 0.0, 1.0)
        return weak + share * (strong - weak)

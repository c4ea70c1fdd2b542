"""How busy a command is: whether it rests between movements, or never does.

With E the exponential average over `time_s` of the commands c [n], busy where an episode starts:

    activity = E[|c|^2] / n   in [0, 1]

Somebody who carries an object from grasp to grasp moves and then rests; noise of any kind, a hand
told to open, or an operator whose retargeting does not fit push all the time. What a calm command
asks for is followed closely and whole; of a busy one a share counts, of which the prior makes what
it can, and the critic may allow less. Between `calm` and `busy` both go linearly. Numpy arrays.
"""

import numpy as np

from configs.schema.export import ActivityConfig


class Activity:
    """The averages of any number of commands, [...] of them side by side."""

    def __init__(self, config: ActivityConfig, control_hz: float) -> None:
        self.config = config
        self.share = 1.0 - float(np.exp(-1.0 / (control_hz * config.time_s)))
        self.mean: np.ndarray | None = None  # [...]

    def step(self, command: np.ndarray, started: np.ndarray) -> np.ndarray:
        """Take in a control step's commands [..., n] and return their activity [...].

        `started` [...] is set where an episode begins: nobody is trusted before the first rest.
        """
        now = np.mean(np.square(command, dtype=np.float64), axis=-1)
        before = np.zeros(now.shape) if self.mean is None else self.mean
        before = np.where(started, self.config.busy, before)
        mean = before + self.share * (now - before)
        self.mean = mean
        return mean

    def between(self, activity: np.ndarray, calm: np.ndarray, busy: np.ndarray) -> np.ndarray:
        """Return what holds at an `activity` [...], between the values [...] for calm and busy."""
        span = self.config.busy - self.config.calm
        share = np.clip((activity - self.config.calm) / span, 0.0, 1.0)
        return calm + share * (busy - calm)

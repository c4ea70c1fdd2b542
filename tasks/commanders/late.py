"""Commands that come late or not at all: sticking, lost packets, a lag.

Arrays have the shape [variants, pairs, ...]; see perturbations.py. Before an episode's first
command there was none: what would be repeated then is zero.
"""

import numpy as np

from configs.schema import perturbations as schema
from tasks.commanders.perturbations import Command, Situation, perturbed
from tasks.commanders.spells import Spells


class Repeated:
    """Repeat the last command that came through while a spell lasts."""

    def __init__(self, spells: Spells) -> None:
        self.spells = spells
        self.last: np.ndarray | None = None  # [V, M, n]

    def command(self, situation: Situation) -> Command:
        within, _ = self.spells.step()
        last = np.zeros_like(situation.clean) if self.last is None else self.last
        last = np.where(situation.started[..., None], 0.0, last)
        self.last = np.where(within[:, None], last, situation.clean)
        return perturbed(situation, self.last)


def sticking(config: schema.Sticky, pairs: int, hz: float, rng: np.random.Generator) -> Repeated:
    return Repeated(Spells(config.chance, config.seconds, hz, pairs, rng))


def losing(config: schema.Lost, pairs: int, hz: float, rng: np.random.Generator) -> Repeated:
    """Lose the share of packets that is asked for, in bursts.

    With bursts of L steps and (1 - c) / c steps between them on average, the share lost is
    s = L / (L + (1 - c) / c), and so c = s / (s + L (1 - s)).
    """
    burst = max(hz * sum(config.seconds) / 2, 1.0)  # [control steps]
    begin = config.share / (config.share + burst * (1.0 - config.share))
    return Repeated(Spells(begin, config.seconds, hz, pairs, rng))


class Lagging:
    """Give each command a fixed number of steps later."""

    def __init__(self, config: schema.Lag, hz: float) -> None:
        self.steps = round(config.seconds * hz)
        self.waiting: list[np.ndarray] = []  # [V, M, n] each, oldest first

    def command(self, situation: Situation) -> Command:
        fresh = situation.started[..., None]
        waiting = self.waiting or [np.zeros_like(situation.clean)] * self.steps
        waiting = [np.where(fresh, 0.0, one) for one in waiting] + [situation.clean]
        self.waiting = waiting[1:]
        return perturbed(situation, waiting[0])

"""When something goes on: spells that begin by chance and last a random while, in each pair."""

import math

import numpy as np


def chance_of(rate: float, hz: float) -> float:
    """Return how likely an event of a Poisson rate [1/s] is within one control step."""
    return -math.expm1(-rate / hz)


class Spells:
    """Spells of U(low, high) seconds, each pair its own; the same for every variant.

    In a step outside of a spell one begins with `chance`; with chance 1 they follow each other.
    """

    def __init__(
        self,
        chance: float,
        seconds: tuple[float, float],
        hz: float,
        pairs: int,
        rng: np.random.Generator,
    ) -> None:
        self.chance, self.seconds, self.hz, self.rng = chance, seconds, hz, rng
        self.left = np.zeros(pairs, dtype=int)  # [control steps] of the present spell

    def step(self) -> tuple[np.ndarray, np.ndarray]:
        """Return for this control step who is within a spell and whose begins, both [M] bool."""
        drawn = self.rng.random(len(self.left)) < self.chance
        lengths = np.round(self.rng.uniform(*self.seconds, len(self.left)) * self.hz)
        begins = drawn & (self.left == 0)
        self.left = np.where(begins, np.maximum(lengths, 1).astype(int), self.left)
        within = self.left > 0
        self.left -= within
        return within, begins

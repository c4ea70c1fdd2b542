"""Commands with something added: fresh, held or swinging noise, and jolts.

Arrays have the shape [variants, pairs, ...]; see perturbations.py.
"""

from dataclasses import dataclass

import numpy as np

from configs.schema import perturbations as schema
from tasks.commanders.perturbations import Command, Situation, perturbed
from tasks.commanders.spells import Spells, chance_of


@dataclass
class GaussianNoise:
    """Add N(0, std) to every joint: without bounds, before the command's own."""

    config: schema.Gaussian
    shape: tuple[int, int]  # (pairs, joints)
    rng: np.random.Generator

    def command(self, situation: Situation) -> Command:
        noise = self.config.std * self.rng.standard_normal(self.shape)
        return perturbed(situation, situation.clean + noise)


class HeldNoise:
    """Add U(-a, a) to every joint, each draw for a while."""

    def __init__(
        self, config: schema.Held, shape: tuple[int, int], hz: float, rng: np.random.Generator
    ) -> None:
        self.config, self.rng = config, rng
        self.spells = Spells(1.0, config.seconds, hz, shape[0], rng)
        self.noise = np.zeros(shape)  # [M, n] [action]

    def command(self, situation: Situation) -> Command:
        _, begins = self.spells.step()
        amplitude = self.config.amplitude
        drawn = self.rng.uniform(-amplitude, amplitude, self.noise.shape)
        self.noise = np.where(begins[:, None], drawn, self.noise)
        return perturbed(situation, situation.clean + self.noise)


class Trembling:
    """Add a sine to every joint: a pair's frequency is one, its joints' phases are many."""

    def __init__(
        self, config: schema.Tremor, shape: tuple[int, int], hz: float, rng: np.random.Generator
    ) -> None:
        self.amplitude = config.amplitude
        self.turn = 2 * np.pi * rng.uniform(*config.hz, (shape[0], 1)) / hz  # [rad] a step
        self.phase = rng.uniform(0.0, 2 * np.pi, shape)  # [M, n] [rad]

    def command(self, situation: Situation) -> Command:
        noise = self.amplitude * np.sin(self.phase)
        self.phase = self.phase + self.turn
        return perturbed(situation, situation.clean + noise)


class Jolts:
    """Command every joint at full strength, forward or back, for a moment now and then."""

    def __init__(
        self, config: schema.Kicks, shape: tuple[int, int], hz: float, rng: np.random.Generator
    ) -> None:
        self.strength, self.rng = config.strength, rng
        self.spells = Spells(chance_of(config.rate, hz), config.seconds, hz, shape[0], rng)
        self.jolt = np.zeros(shape)  # [M, n] [action]

    def command(self, situation: Situation) -> Command:
        within, begins = self.spells.step()
        drawn = self.strength * np.where(self.rng.random(self.jolt.shape) < 0.5, -1.0, 1.0)
        self.jolt = np.where(begins[:, None], drawn, self.jolt)
        return perturbed(situation, np.where(within[:, None], self.jolt, situation.clean))

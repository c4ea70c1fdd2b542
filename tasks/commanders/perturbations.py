"""Imperfect commanders: what becomes of an expert's clean command before anyone helps.

Arrays have the shape [variants, pairs, ...]. A perturbation draws its randomness once a pair
and step and uses it for every variant, so that variants are compared under equal disturbances.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from configs.layout import Layout
from configs.schema import perturbations as schema


@dataclass(frozen=True)
class Situation:
    """What a commander sees at a control step; n joints."""

    clean: np.ndarray  # [V, M, n] the expert's action
    target: np.ndarray  # [V, M, n] present joint target [rad]
    position: np.ndarray  # [V, M, n] observed joint position [rad]
    goal_target: np.ndarray  # [V, M, n] joint target of the goal grasp [rad]
    started: np.ndarray  # [V, M] bool: an episode begins with this step
    touching: np.ndarray  # [V, M, F] bool: the fingers that touch the object


@dataclass(frozen=True)
class Command:
    """What is asked of the hand, and what was meant."""

    action: np.ndarray  # [V, M, n] in [-1, 1]
    clean: np.ndarray  # [V, M, n] the same without error: the intention
    desired: np.ndarray | None  # [V, M, n] joint targets [rad] of an absolute command
    judged: np.ndarray | None = None  # [V, M, F] bool: contacts that should still be there now


class Perturbation(Protocol):
    def command(self, situation: Situation) -> Command:
        """Return the step's command; called once a control step, in order."""
        ...


class OrnsteinUhlenbeck:
    """Time-correlated normal noise of zero mean, exact at any step length.

    x' = r x + sqrt(1 - r^2) std N(0, 1), r = exp(-dt / time constant); starts stationary.
    """

    def __init__(self, std: float, ratio: float, shape: tuple[int, ...], rng: np.random.Generator):
        self.std, self.ratio, self.rng = std, ratio, rng
        self.value = std * rng.standard_normal(shape)

    def step(self) -> np.ndarray:
        """Return the present value and move on by one step."""
        value = self.value
        fresh = self.rng.standard_normal(value.shape)
        self.value = self.ratio * value + np.sqrt(1 - self.ratio**2) * self.std * fresh
        return value


def decay(layout: Layout, time_s: float) -> float:
    """Return exp(-dt / time_s) for one control step dt."""
    return float(np.exp(-1.0 / (layout.control_hz * time_s)))


def perturbed(situation: Situation, action: np.ndarray) -> Command:
    """Wrap an incremental command, clipped to its bounds."""
    bounded = np.clip(action, -1.0, 1.0).astype(np.float32)
    return Command(action=bounded, clean=situation.clean, desired=None)


@dataclass
class Unperturbed:
    """Leave the expert's command as it is."""

    def command(self, situation: Situation) -> Command:
        return perturbed(situation, situation.clean)


@dataclass
class UniformNoise:
    """Add U(-a, a) to every joint (paper, IV-B: `noisy`)."""

    config: schema.Noise
    shape: tuple[int, int]  # (pairs, joints)
    rng: np.random.Generator

    def command(self, situation: Situation) -> Command:
        noise = self.rng.uniform(-self.config.amplitude, self.config.amplitude, self.shape)
        return perturbed(situation, situation.clean + noise)


@dataclass
class SlowedDown:
    """Multiply the whole action by U(0, beta) (paper, IV-B: `slow`)."""

    config: schema.Slow
    shape: tuple[int, int]
    rng: np.random.Generator

    def command(self, situation: Situation) -> Command:
        factor = self.rng.uniform(0.0, self.config.beta, (self.shape[0], 1))
        return perturbed(situation, situation.clean * factor)


@dataclass
class CorrelatedNoise:
    """Add Ornstein-Uhlenbeck noise, which does not average out over a few steps."""

    noise: OrnsteinUhlenbeck

    def command(self, situation: Situation) -> Command:
        return perturbed(situation, situation.clean + self.noise.step())

"""From a perturbation's configuration to the commander that acts it out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from configs.layout import Layout
from configs.schema import perturbations as schema
from configs.schema.hand import Hand
from configs.schema.world import Embodiment
from tasks.commanders import late, noises, persons, wiring
from tasks.commanders.letting_go import TowardsPose, TowardsRandomPose, WithdrawnFingers
from tasks.commanders.operators import AbsoluteOperator
from tasks.commanders.perturbations import (
    CorrelatedNoise,
    OrnsteinUhlenbeck,
    Perturbation,
    SlowedDown,
    UniformNoise,
    Unperturbed,
    decay,
)


@dataclass(frozen=True)
class Assignment:
    """What a commander is made for; it owns `rng` from there on."""

    hand: Hand
    layout: Layout
    variants: int
    pairs: int
    rng: np.random.Generator

    @property
    def shape(self) -> tuple[int, int]:
        return (self.pairs, self.layout.num_joints)

    @property
    def hz(self) -> float:
        return self.layout.control_hz


def correlated(config: schema.Correlated, at: Assignment) -> CorrelatedNoise:
    ratio = decay(at.layout, config.time_constant_s)
    return CorrelatedNoise(OrnsteinUhlenbeck(config.std, ratio, at.shape, at.rng))


def operated(config: schema.Operated, at: Assignment) -> persons.SpoiltOperator:
    return persons.SpoiltOperator(make(config.operator, at), make(config.spoilt, at))


MAKERS: dict[type, Callable[[Any, Assignment], Perturbation]] = {
    schema.Clean: lambda config, at: Unperturbed(),
    schema.Noise: lambda config, at: UniformNoise(config, at.shape, at.rng),
    schema.Gaussian: lambda config, at: noises.GaussianNoise(config, at.shape, at.rng),
    schema.Held: lambda config, at: noises.HeldNoise(config, at.shape, at.hz, at.rng),
    schema.Tremor: lambda config, at: noises.Trembling(config, at.shape, at.hz, at.rng),
    schema.Slow: lambda config, at: SlowedDown(config, at.shape, at.rng),
    schema.Correlated: correlated,
    schema.Kicks: lambda config, at: noises.Jolts(config, at.shape, at.hz, at.rng),
    schema.Sticky: lambda config, at: late.sticking(config, at.pairs, at.hz, at.rng),
    schema.Lost: lambda config, at: late.losing(config, at.pairs, at.hz, at.rng),
    schema.Lag: lambda config, at: late.Lagging(config, at.hz),
    schema.Swapped: lambda config, at: wiring.SwappedFingers(len(at.hand.fingers[0].links)),
    schema.Mirrored: lambda config, at: wiring.MirroredFinger(at.hand, at.pairs, at.rng),
    schema.StuckJoint: lambda config, at: wiring.StuckJoints(config, at.shape, at.hz, at.rng),
    schema.Miswired: lambda config, at: wiring.MiswiredJoints(
        config, at.hand, at.pairs, at.hz, at.rng
    ),
    schema.Uneven: lambda config, at: wiring.UnevenFingers(
        config, at.hand, at.pairs, at.hz, at.rng
    ),
    schema.Push: lambda config, at: wiring.PushedFinger(
        config, at.hand, at.layout, at.pairs, at.rng
    ),
    schema.Stray: lambda config, at: wiring.StrayFingers(
        config, at.hand, at.layout, at.pairs, at.rng
    ),
    schema.Pose: lambda config, at: TowardsPose(config, at.hand, at.layout),
    schema.LedAway: lambda config, at: TowardsRandomPose(at.layout, at.pairs, at.rng),
    schema.Withdraw: lambda config, at: WithdrawnFingers(
        config, at.hand, at.layout, (at.variants, at.pairs)
    ),
    schema.Absolute: lambda config, at: AbsoluteOperator(config, at.layout, at.shape, at.rng),
    schema.Proportional: lambda config, at: persons.ProportionalOperator(config, at.layout),
    schema.OpenLoop: lambda config, at: persons.OpenLoopOperator(config, at.layout),
    schema.BangBang: lambda config, at: persons.BangBangOperator(config, at.layout),
    schema.OneFinger: lambda config, at: persons.OneFingerOperator(config, at.hand, at.layout),
    schema.StopAndGo: lambda config, at: persons.StopAndGoOperator(config, at.layout),
    schema.Operated: operated,
}


def make_commander(
    config: schema.Perturbation,
    embodiment: Embodiment,
    variants: int,
    pairs: int,
    rng: np.random.Generator,
) -> Perturbation:
    """Make the commander of one perturbation; it owns `rng` from here on."""
    return make(config, Assignment(embodiment.hand, embodiment.make_layout(), variants, pairs, rng))


def make(config: schema.Perturbation, at: Assignment) -> Perturbation:
    return MAKERS[type(config)](config, at)

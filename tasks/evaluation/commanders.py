"""From a perturbation's configuration to the commander that acts it out."""

from typing import assert_never

import numpy as np

from configs.schema import evaluate as schema
from configs.schema.world import Embodiment
from tasks.evaluation.letting_go import TowardsPose, WithdrawnFingers
from tasks.evaluation.operators import AbsoluteOperator
from tasks.evaluation.perturbations import (
    CorrelatedNoise,
    OrnsteinUhlenbeck,
    Perturbation,
    SlowedDown,
    SwappedFingers,
    UniformNoise,
    Unperturbed,
    decay,
)


def make_commander(
    config: schema.Perturbation,
    embodiment: Embodiment,
    variants: int,
    pairs: int,
    rng: np.random.Generator,
) -> Perturbation:
    """Make the commander of one perturbation; it owns `rng` from here on."""
    hand, layout = embodiment.hand, embodiment.make_layout()
    shape = (pairs, layout.num_joints)
    match config:
        case schema.Clean():
            return Unperturbed()
        case schema.Noise():
            return UniformNoise(config, shape, rng)
        case schema.Slow():
            return SlowedDown(config, shape, rng)
        case schema.Correlated():
            ratio = decay(layout, config.time_constant_s)
            return CorrelatedNoise(OrnsteinUhlenbeck(config.std, ratio, shape, rng))
        case schema.Absolute():
            return AbsoluteOperator(config, layout, shape, rng)
        case schema.Pose():
            return TowardsPose(config, hand, layout)
        case schema.Withdraw():
            return WithdrawnFingers(config, hand, layout, (variants, pairs))
        case schema.Swapped():
            return SwappedFingers(len(hand.fingers[0].links))
        case _:
            assert_never(config)

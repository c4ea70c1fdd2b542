"""Situations made up for commanders' tests."""

import numpy as np

from configs.layout import Layout
from tasks.commanders.perturbations import Situation


def moment(
    layout: Layout, shape: tuple[int, int], clean=0.0, target=0.0, goal=0.0, started=False
) -> Situation:
    """Return a moment of (variants, pairs); values are spread over [V, M, n]."""
    joints = (*shape, layout.num_joints)

    def spread(values) -> np.ndarray:
        return np.broadcast_to(np.asarray(values, np.float32), joints)

    return Situation(
        clean=spread(clean),
        target=spread(target),
        position=spread(target),
        goal_target=spread(goal),
        started=np.broadcast_to(np.asarray(started), shape),
        touching=np.ones((*shape, layout.num_tips), bool),
    )

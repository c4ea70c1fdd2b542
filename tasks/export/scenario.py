"""The scenario of a bundle: a few connected grasps, with which a twin can start and move on."""

from collections.abc import Mapping

import numpy as np

from configs.errors import UserError
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel


def choose_scenario(
    objects: Mapping[str, ObjectModel], grasps: Mapping[str, GraspSet], count: int
) -> tuple[ObjectModel, GraspSet]:
    """Return the object whose grasps connect best, a primitive if possible, and those grasps.

    Args:
        grasps: validated grasps of training objects, by object.
        count: grasps at most.

    Raises:
        UserError: nowhere two grasps are neighbours of each other.
    """
    found = {name: connected(grasps[name], count) for name in sorted(grasps)}
    best = max(
        found,
        key=lambda name: (len(found[name]), objects[name].spec.mesh is None),
        default=None,
    )
    if best is None or len(found[best]) == 0:
        raise UserError(
            f"grasps of {', '.join(sorted(grasps)) or 'no object'}: no two lead to one another; "
            "raise grasps.count"
        )
    return objects[best], grasps[best].select(found[best])


def connected(grasps: GraspSet, count: int) -> np.ndarray:
    """Return indices [M <= count] of grasps each of which has a neighbour among them.

    Breadth first from the grasp with the most neighbours, nearest first; then those from which
    no chosen grasp can be reached are taken out again.
    """
    if len(grasps) == 0:
        return np.zeros(0, dtype=np.int64)
    chosen = [int((grasps.neighbours >= 0).sum(axis=1).argmax())]
    for current in chosen:  # grows while it is walked
        for neighbour in grasps.neighbours[current]:
            if neighbour >= 0 and neighbour not in chosen and len(chosen) < count:
                chosen.append(int(neighbour))
    kept = np.array(chosen)
    while True:
        leads_on = np.isin(grasps.neighbours[kept], kept).any(axis=1)
        if leads_on.all():
            return kept
        kept = kept[leads_on]

"""Which grasp a graph begins with: one from which most can be done.

All others grow from it, and resemble it. From one root a cylinder met 0.25 of the quarter turns,
and from another 0.63 over a graph of a third of the size (docs/dexterity.md).
"""

import numpy as np

from models.rotations import angle, from_rotation_vector, multiply
from tasks.grasps.candidates import Candidates
from tasks.regrasps.balance import unsteadiness
from tasks.regrasps.gait import Planner

TRIED = 32  # grasps for each root: many do not hold with a squeeze that is shared out
CORNERS = np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, -1).T
AXES = np.concatenate([np.eye(3), -np.eye(3), CORNERS / np.sqrt(3.0)])  # to turn about [A, 3]
ROOM = 10.0  # fingers that room in all directions is worth


def choose_seeds(seeds: Candidates, planner: Planner, rng: np.random.Generator) -> Candidates:
    """Return grasps that a graph may begin with, the best first: balanced, of most fingers, with
    room to turn the object about every axis, and fingers that can go elsewhere."""
    config = planner.config
    everyone, others = unsteadiness(seeds, config.balance)
    balanced, most = everyone < config.balance.residual, seeds.active.sum(axis=1)
    fit = np.flatnonzero(balanced if balanced.any() else most >= 0)
    fit = fit[most[fit] == most[fit].max()]
    free = (others[fit] < config.balance.residual).sum(axis=1)
    worth = ROOM * room(planner, seeds.take(fit)) + free + rng.random(len(fit))
    first = fit[np.argsort(-worth, kind="stable")]
    rest = np.setdiff1d(np.arange(len(seeds)), first)
    rest = rest[np.lexsort((-most[rest], ~balanced[rest]))]
    return seeds.take(np.concatenate([first, rest])[: TRIED * config.growth.roots])


def room(planner: Planner, grasps: Candidates) -> np.ndarray:
    """Return how far the object can be turned at once, of a full step and over all axes [N], and
    for how much of half a radian about them the fingers are within reach, as a mean of both."""
    gait, reach = planner.config.gait, planner.config.proposals.reach
    rows, axes = np.repeat(np.arange(len(grasps)), len(AXES)), np.tile(AXES, (len(grasps), 1))
    start = grasps.take(rows)
    goal = start.object_pose.copy()
    goal[:, 3:] = multiply(from_rotation_vector(gait.ahead * axes), goal[:, 3:])
    near = (planner.strain(start, goal) < reach).all(axis=1)
    steps = planner.in_grasp(start, goal)
    turned = np.zeros(len(rows))
    turn = angle(steps.before.object_pose[:, 3:], steps.after.object_pose[:, 3:])
    turned[steps.after.parent] = turn / gait.step_rotation
    return (0.5 * (turned + near)).reshape(len(grasps), -1).mean(axis=1)

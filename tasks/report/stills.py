"""Stills of grasps: pictures of the hand with the object, rendered without a screen."""

from pathlib import Path

import numpy as np

from configs.schema.physics import Physics
from envs.grasp_set import GraspSet
from envs.offscreen import stills
from tasks.grasps.posing import Posing
from tasks.grasps.problem import Problem

SIZE = (420, 360)  # [pixels]
DISTANCE = 0.3  # [m] of the camera from the object


def choose(grasps: GraspSet, count: int) -> np.ndarray:
    """Return indices [<= count] of grasps that differ much, as many of each set of fingers as its
    share, one at least: each next one is farthest, in its contacts on the object and its joint
    angles, from those chosen before."""
    if len(grasps) <= count:
        return np.arange(len(grasps))
    _, of_set, sizes = np.unique(
        grasps.contacts.finger, axis=0, return_inverse=True, return_counts=True
    )
    largest = np.argsort(-sizes, kind="stable")[:count]
    quota = np.maximum(1, np.floor(count * sizes[largest] / len(grasps))).astype(int)
    quota[0] += count - quota.sum()  # floors leave some, ones take some
    chosen = [
        spread_out(grasps, np.flatnonzero(of_set.ravel() == kind), number)
        for kind, number in zip(largest, quota, strict=True)
        if number > 0
    ]
    return np.concatenate(chosen)


def spread_out(grasps: GraspSet, rows: np.ndarray, count: int) -> np.ndarray:
    """Return those of `rows`, all by the same fingers, that differ most from each other."""
    joints, places = grasps.joint_position[rows], grasps.contacts.point[rows]
    features = np.concatenate([joints, places.reshape(len(rows), -1)], axis=1)
    features = features / (features.std(axis=0) + 1e-6)
    chosen = [int(np.argmin(grasps.quality[rows]))]
    away = np.full(len(rows), np.inf)
    for _ in range(min(count, len(rows)) - 1):
        away = np.minimum(away, np.linalg.norm(features - features[chosen[-1]], axis=1))
        chosen.append(int(away.argmax()))
    return rows[np.array(chosen)]


def write_stills(
    folder: Path, problem: Problem, physics: Physics, grasps: GraspSet, rows: np.ndarray
) -> str | None:
    """Write `<row>.png` of each of some grasps; return None, or why there is none."""
    posing = Posing(problem, physics)
    states = posing.states(grasps.joint_position[rows], grasps.object_pose[rows])
    return stills(posing.model, states, [folder / f"{row}.png" for row in rows], SIZE, DISTANCE)

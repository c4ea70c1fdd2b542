"""Forces with which a set of fingers holds an object by itself, and the targets that press so.

Every contact pushes with a force in the pyramid around its inward normal (tasks/grasps/wrench.py).
The weights on the pyramids' edges, w >= 0 with sum 1, minimise

    ||sum_c F_c||^2 + ||sum_c r_c x F_c||^2 / length^2 + spread sum_c (share_c - mean share)^2

so the net wrench is as small as it can be and no finger does all the work. Weights with sum 1 are
normal forces with sum 1: a share is a contact's part of the whole squeeze.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from configs.schema.regrasps import Balance
from models.rotations import rotate
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.grasps.wrench import pyramid_wrenches


@dataclass(frozen=True)
class Squeeze:
    """How N sets of C contacts share out a squeeze whose normal forces have the sum 1."""

    force: np.ndarray  # [N, C, 3] in the object's frame, onto the object; zero where not active
    share: np.ndarray  # [N, C] normal part of `force`
    residual: np.ndarray  # [N] length of the net wrench, torques over `length`

    def take(self, rows: np.ndarray) -> "Squeeze":
        """Return those of a mask [N] or of indices."""
        return Squeeze(self.force[rows], self.share[rows], self.residual[rows])

    @staticmethod
    def join(parts: Sequence["Squeeze"]) -> "Squeeze":
        """Join squeezes in order."""
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return Squeeze(*map(np.concatenate, columns))


def share_out(
    points: np.ndarray, normals: np.ndarray, active: np.ndarray, config: Balance
) -> Squeeze:
    """Find the most balanced squeeze of N contact sets at once, by accelerated gradient.

    Args:
        points: [N, C, 3] [m] in the object's frame. normals: [N, C, 3] unit, outward.
        active: [N, C] bool, the contacts there are. Where there is none, all is zero and the
            residual 1: nothing holds.
    """
    count, contacts = active.shape
    edges = pyramid_wrenches(points, normals, config.pyramid)  # [N, C, E, 6]
    flat = edges.reshape(count, contacts * config.pyramid.edges, 6)
    usable = active.repeat(config.pyramid.edges, axis=1)  # [N, C E]
    own = np.eye(contacts).repeat(config.pyramid.edges, axis=0)  # [C E, C] edges to their contact
    gram = np.einsum("nad,nbd->nab", flat, flat) + config.spread * own @ own.T
    present = np.maximum(active.sum(axis=1, keepdims=True), 1)
    pull = config.spread * usable / present
    size = np.linalg.norm(gram * usable[:, None] * usable[..., None], axis=(1, 2))
    step = 1.0 / np.maximum(size, 1e-9)
    weights = usable / (present * config.pyramid.edges)
    ahead, pace = weights, 1.0
    for _ in range(config.pyramid.iterations):
        slope = np.einsum("nab,nb->na", gram, ahead) - pull
        moved = onto_simplex(ahead - step[:, None] * slope, usable)
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * pace**2))
        ahead = moved + (pace - 1.0) / following * (moved - weights)
        weights, pace = moved, following
    split = weights.reshape(count, contacts, config.pyramid.edges)
    force = np.einsum("nce,nced->ncd", split, edges[..., :3])
    net = np.einsum("nce,nced->nd", split, edges)
    residual = np.where(active.any(axis=1), np.linalg.norm(net, axis=1), 1.0)
    return Squeeze(force, split.sum(axis=2), residual)


def each_shared_out(
    points: np.ndarray, normals: np.ndarray, active: np.ndarray, config: Balance
) -> list[Squeeze]:
    """Do the same for S sets of the same contacts, `active` [S, N, C], in one go."""
    sets, count, contacts = active.shape
    points, normals = (np.tile(array, (sets, 1, 1)) for array in (points, normals))
    found = share_out(points, normals, active.reshape(-1, contacts), config)
    return [found.take(np.arange(count) + count * one) for one in range(sets)]


def unsteadiness(grasps: Candidates, config: Balance) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the fingers that touch are from balance [N], and those that are left if one of
    them goes elsewhere [N, F]."""
    alone = np.eye(grasps.active.shape[1], dtype=bool)
    sets = grasps.active & ~np.concatenate([np.zeros_like(alone[:1]), alone])[:, None]
    found = each_shared_out(grasps.point, grasps.normal, sets, config)
    everyone, *others = (squeeze.residual for squeeze in found)
    return everyone, np.stack(others, axis=1)


def onto_simplex(rows: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Project rows [N, K] onto {w >= 0, sum w = 1} over the usable entries [N, K]; others are 0."""
    falling = -np.sort(-np.where(usable, rows, -np.inf), axis=1)
    excess = (np.cumsum(falling, axis=1) - 1.0) / np.arange(1, rows.shape[1] + 1)
    last = np.maximum((falling > excess).sum(axis=1) - 1, 0)
    level = np.nan_to_num(excess[np.arange(len(rows)), last])[:, None]
    return np.where(usable, np.maximum(rows - level, 0.0), 0.0)


def pressing_targets(problem: Problem, grasps: Candidates, force: np.ndarray) -> np.ndarray:
    """Return joint targets [N, n] [rad] that press the pads with forces [N, F, 3] [N] (object's
    frame, onto the object).

    A position actuator gives kp (target - q), so target = q + J^T F / kp, kept within the target
    margin and the joint limits, as every target is.
    """
    jacobian = problem.kinematics.point_jacobian(
        grasps.joint_position, problem.tip_links, grasps.pad
    )
    pushed = rotate(grasps.object_pose[:, None, 3:], force)
    torque = np.einsum("nfij,nfi->nj", jacobian, pushed)
    margin = problem.layout.target_margin
    offset = np.clip(torque / problem.hand.actuation.kp, -margin, margin)
    return np.clip(grasps.joint_position + offset, problem.lower, problem.upper)

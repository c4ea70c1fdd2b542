"""Net-wrench analysis: forces within friction cones, and their torques, nearly cancel.

The net-force problem of analysis.py with three more rows: each contact pushes with a force in the
pyramid of `edges` around its inward normal, and ||sum F||^2 + ||sum r x F||^2 / length^2 is
minimised with some contact's normal force at 1. A contact's weights on its pyramid's edges, each
with a normal part of 1, sum to its normal force.
"""

import numpy as np

from configs.schema.grasps import Wrench


def net_wrench(
    points: np.ndarray, normals: np.ndarray, active: np.ndarray, config: Wrench
) -> tuple[np.ndarray, np.ndarray]:
    """Solve every subproblem f_i = 1 of N contact sets at once, by accelerated projected gradient.

    Args:
        points: [N, C, 3] [m]. normals: [N, C, 3] unit, outward. active: [N, C] bool.

    Returns:
        residual [N, C] (inf where i is not active) and normal forces [N, C, C], as `net_force`.
    """
    count, contacts = active.shape
    wrenches = pyramid_wrenches(points, normals, config) * active[..., None, None]
    flat = wrenches.reshape(count, contacts * config.edges, 6)
    gram = np.einsum("nad,nbd->nab", flat, flat)
    step = 1.0 / np.maximum(np.linalg.eigvalsh(gram)[:, -1], 1e-12)[:, None]
    residual, forces = np.full((count, contacts), np.inf), np.zeros((count, contacts, contacts))
    for i in range(contacts):
        weights = minimise(gram, step, i, config)
        value = np.einsum("na,nab,nb->n", weights, gram, weights)
        residual[:, i] = np.where(active[:, i], value, np.inf)
        forces[:, i] = weights.reshape(count, contacts, config.edges).sum(axis=2) * active
    return residual, forces


def pyramid_wrenches(points: np.ndarray, normals: np.ndarray, config: Wrench) -> np.ndarray:
    """Return force and scaled torque of each contact's edges [N, C, edges, 6]."""
    helper = np.eye(3)[np.abs(normals).argmin(axis=-1)]
    across = np.cross(normals, helper)
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    along = np.cross(normals, across)
    angle = 2.0 * np.pi * np.arange(config.edges) / config.edges
    lean = config.friction * np.stack([np.cos(angle), np.sin(angle)], axis=1)  # [edges, 2]
    tangent = np.einsum("ek,...kd->...ed", lean, np.stack([across, along], axis=-2))
    force = tangent - normals[..., None, :]
    torque = np.cross(points[..., None, :], force) / config.length
    return np.concatenate([force, torque], axis=-1)


def minimise(gram: np.ndarray, step: np.ndarray, i: int, config: Wrench) -> np.ndarray:
    """Return weights [N, C edges] >= 0, those of contact i with sum 1, that minimise w G w."""
    count, size = gram.shape[:2]
    own = slice(i * config.edges, (i + 1) * config.edges)
    weights = np.zeros((count, size))
    weights[:, own] = 1.0 / config.edges
    ahead, pace = weights, 1.0
    for _ in range(config.iterations):
        moved = ahead - step * np.einsum("nab,nb->na", gram, ahead)
        moved[:, own] = onto_simplex(moved[:, own])
        moved = np.maximum(moved, 0.0)
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * pace**2))
        ahead = moved + (pace - 1.0) / following * (moved - weights)
        weights, pace = moved, following
    return weights


def onto_simplex(rows: np.ndarray) -> np.ndarray:
    """Project rows [N, E] onto {w >= 0, sum w = 1} (Duchi et al., 2008)."""
    falling = -np.sort(-rows, axis=1)
    excess = (np.cumsum(falling, axis=1) - 1.0) / np.arange(1, rows.shape[1] + 1)
    last = (falling > excess).sum(axis=1) - 1
    return np.maximum(rows - excess[np.arange(len(rows)), last][:, None], 0.0)

"""Net-force analysis of contacts (Algorithm 4 and "Net Force Optimization" of the paper).

A set of contacts is taken for stable when forces f >= 0 along the normals, not all zero, nearly
cancel: min ||sum_i f_i n_i||^2 over f >= 0 with some f_i = 1. "Some f_i = 1" is one subproblem
for each i. A subproblem is a non-negative least squares in three dimensions, whose minimum is
reached on linearly independent normals: at most three. Trying every such support is exact.
"""

from itertools import combinations

import numpy as np

from configs.schema.grasps import Grasps
from tasks.grasps.wrench import net_wrench

SINGULAR = 1e-9  # determinant of a Gram matrix of unit normals below which it is dependent


def net_force(normals: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve every subproblem f_i = 1 of N contact sets at once.

    Args:
        normals: [N, C, 3] unit normals. active: [N, C] bool, which contacts there are.

    Returns:
        residual [N, C], ||sum_j f_j n_j||^2 of the subproblem f_i = 1 (inf where i is not
        active), and forces [N, C, C]: row i is that subproblem's solution f.
    """
    count, contacts = active.shape
    gram = np.einsum("nid,njd->nij", normals, normals)
    residual = np.full((count, contacts), np.inf)
    forces = np.zeros((count, contacts, contacts))
    for i in range(contacts):
        others = [j for j in range(contacts) if j != i]
        for size in range(min(3, len(others)) + 1):
            for support in combinations(others, size):
                solution, valid = _solve(gram, i, list(support))
                valid &= active[:, i] & active[:, list(support)].all(axis=1)
                value = np.einsum("ni,nij,nj->n", solution, gram, solution)
                better = valid & (value < residual[:, i])
                residual[better, i] = value[better]
                forces[better, i] = solution[better]
    return np.maximum(residual, 0.0, where=np.isfinite(residual), out=residual), forces


def _solve(gram: np.ndarray, i: int, support: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Minimise ||n_i + sum_support f_j n_j||^2 without bounds; valid: unique and f >= 0."""
    solution = np.zeros(gram.shape[:2])
    solution[:, i] = 1.0
    valid = np.ones(len(gram), dtype=bool)
    if not support:
        return solution, valid
    block = gram[:, support][:, :, support]
    valid = np.linalg.det(block) > SINGULAR
    block = np.where(valid[:, None, None], block, np.eye(len(support)))
    forces = np.linalg.solve(block, -gram[:, support, i][..., None])[..., 0]
    valid &= (forces >= 0.0).all(axis=1)
    solution[:, support] = forces
    return solution, valid


def analyse(
    points: np.ndarray, normals: np.ndarray, active: np.ndarray, grasps: Grasps
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Judge contact sets by their net force, or net wrench if the settings say so.

    Args:
        points: [N, C, 3] [m] in the object's frame. normals: [N, C, 3]. active: [N, C] bool.

    Returns:
        what `share_out` does.
    """
    if grasps.wrench is None:
        residual, forces = net_force(normals, active)
    else:
        residual, forces = net_wrench(points, normals, active, grasps.wrench)
    return share_out(residual, forces, active, grasps.net_force)


def share_out(
    residual: np.ndarray, forces: np.ndarray, active: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share out a squeeze among contacts.

    The squeeze is the mean of the accepted subproblems' solutions, each at sum 1: by convexity
    it is as balanced as they are, and every contact that can take part does.

    Args:
        residual [N, C], forces [N, C, C]: of the subproblems. active: [N, C]. threshold: F_thresh.

    Returns:
        stable [N] bool, quality [N] (the smallest residual), force [N, C] with mean 1 over the
        active contacts (zero where not stable).
    """
    quality = residual.min(axis=1)
    accepted = residual < threshold
    weights = forces / np.maximum(forces.sum(axis=2, keepdims=True), 1e-12)
    mean = (weights * accepted[..., None]).sum(axis=1)
    total = np.maximum(mean.sum(axis=1, keepdims=True), 1e-12)
    contacts = active.sum(axis=1, keepdims=True)
    return np.asarray(accepted.any(axis=1)), quality, mean / total * contacts

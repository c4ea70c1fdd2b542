"""Assign: bring the touching tips to their contact points (Algorithm 3), and squeeze.

Batched damped-least-squares inverse kinematics. Fingers share no joint, so J J^T is
block-diagonal and each finger is a 3 x 3 problem of its own.
"""

import numpy as np

from configs.schema.grasps import Assignment
from models.rotations import rotate
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem

# Share of the tolerance at which the solver leaves a candidate alone: well inside, so that the
# last iterations do not go into digits that nobody checks.
SETTLED = 0.1


def reach(
    problem: Problem, candidates: Candidates, config: Assignment
) -> tuple[np.ndarray, np.ndarray]:
    """Move the active fingers' pads to `press` less than a tip radius above their points.

    Joint limits hold inside the solver: a joint at its limit that would leave it is frozen and
    the others solve again.

    Returns:
        joint angles [N, n] and whether every active pad came within `tolerance`, [N] bool.
    """
    goal = candidates.pad_goals(problem.tip_radii - config.press)
    position = candidates.joint_position.copy()
    rows = np.arange(len(candidates))  # those not there yet
    for _ in range(config.iterations):
        error = _errors(problem, position[rows], candidates, goal, rows)
        far = (np.linalg.norm(error, axis=2) > SETTLED * config.tolerance).any(axis=1)
        rows, error = rows[far], error[far]
        if not len(rows):
            break
        jacobian = problem.kinematics.point_jacobian(
            position[rows], problem.tip_links, candidates.pad[rows]
        )
        position[rows] = _step(problem, position[rows], jacobian, error, config)
    everything = np.arange(len(candidates))
    error = _errors(problem, position, candidates, goal, everything)
    return position, (np.linalg.norm(error, axis=2) < config.tolerance).all(axis=1)


def _errors(problem, position, candidates, goal, rows) -> np.ndarray:
    """Return goal - pad [M, F, 3] [m] of some rows, zero for fingers that do not touch."""
    reached = problem.kinematics.points(position, problem.tip_links, candidates.pad[rows])
    return (goal[rows] - reached) * candidates.active[rows][..., None]


def _step(
    problem: Problem,
    position: np.ndarray,
    jacobian: np.ndarray,
    error: np.ndarray,
    config: Assignment,
) -> np.ndarray:
    """Take one damped step inside the joint limits; jacobian [M, F, 3, n], error [M, F, 3]."""
    lower, upper = problem.lower, problem.upper
    step = _solve(jacobian, error, config.damping)
    leaves = ((position <= lower) & (step < 0.0)) | ((position >= upper) & (step > 0.0))
    if leaves.any():
        free = jacobian * ~leaves[:, None, None, :]
        step = _solve(free, error, config.damping)
    return np.clip(position + np.clip(step, -config.max_step, config.max_step), lower, upper)


def _solve(jacobian: np.ndarray, error: np.ndarray, damping: float) -> np.ndarray:
    """Return sum over fingers of J^T (J J^T + damping^2 I)^-1 e, [M, n] [rad]."""
    normal = np.einsum("mfij,mfkj->mfik", jacobian, jacobian) + damping**2 * np.eye(3)
    weights = np.linalg.solve(normal, error[..., None])[..., 0]
    return np.einsum("mfij,mfi->mj", jacobian, weights)


def squeeze(problem: Problem, candidates: Candidates) -> np.ndarray:
    """Return joint targets [N, n] [rad] whose torques press the pads with `candidates.force`.

    A position actuator gives kp (target - q), so target = q + J^T F / kp, with F along the
    inward normals. Kept within the target margin and the joint limits, as every target is.
    """
    jacobian = problem.kinematics.point_jacobian(
        candidates.joint_position, problem.tip_links, candidates.pad
    )
    inward = -rotate(candidates.object_pose[:, None, 3:], candidates.normal)
    torque = np.einsum("nfij,nfi->nj", jacobian, candidates.force[..., None] * inward)
    margin = problem.layout.target_margin
    offset = np.clip(torque / problem.hand.actuation.kp, -margin, margin)
    return np.clip(candidates.joint_position + offset, problem.lower, problem.upper)

"""Assign: bring the touching tips to their contact points (Algorithm 3), and squeeze.

Batched damped-least-squares inverse kinematics, in numpy, or in torch on a GPU. Fingers share no
joint, so J J^T is block-diagonal and each finger is a 3 x 3 problem of its own.
"""

import numpy as np
import torch

from configs.schema.grasps import Assignment
from models.arrays import Array, constant, namespace
from models.kinematics import damped_step
from models.rotations import rotate
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem

# Share of the tolerance at which the solver leaves a candidate alone: well inside, so that the
# last iterations do not go into digits that nobody checks.
SETTLED = 0.1


def reach(
    problem: Problem,
    candidates: Candidates,
    config: Assignment,
    device: str | None = None,
    height: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Move the active fingers' pads onto their points: pressed in, or `height` [m] above.

    Joint limits hold inside the solver: a joint at its limit that would leave it is frozen and
    the others solve again. On a torch `device` the same is done in float32.

    Returns:
        joint angles [N, n] and whether every active pad came within `tolerance`, [N] bool.
    """
    above = -config.press if height is None else height
    goal = candidates.pad_goals(problem.tip_radii + above)
    given = (candidates.joint_position.copy(), candidates.active * 1.0, candidates.pad, goal)
    count = len(candidates)
    if device is None:
        return _reach(problem, np.arange(count), *given, config)
    tensors = (torch.as_tensor(array, dtype=torch.float32, device=device) for array in given)
    numbers = torch.arange(count, device=device)
    start, active, pad, there = tensors
    position, reached = _reach(problem, numbers, start, active, pad, there, config)
    found = np.clip(position.double().cpu().numpy(), problem.lower, problem.upper)
    moved = problem.joint_mask(candidates.active)  # the others keep their digits
    return np.where(moved, found, candidates.joint_position), reached.cpu().numpy()


def _reach(
    problem: Problem,
    numbers: Array,
    position: Array,
    active: Array,
    pad: Array,
    goal: Array,
    config: Assignment,
) -> tuple[Array, Array]:
    """Do it with arrays of one kind: [N] 0 to N - 1, [N, n], [N, F] 0 or 1, [N, F, 3] twice."""
    kinematics, links = problem.kinematics, problem.tip_links

    def errors(rows: Array) -> Array:
        """Return goal - pad [M, F, 3] [m] of some rows, zero for fingers that do not touch."""
        reached = kinematics.points(position[rows], links, pad[rows])
        return (goal[rows] - reached) * active[rows][..., None]

    rows = numbers  # those not there yet
    for _ in range(config.iterations):
        error = errors(rows)
        far = (length(error) > SETTLED * config.tolerance).any(1)
        rows, error = rows[far], error[far]
        if not len(rows):
            break
        jacobian = kinematics.point_jacobian(position[rows], links, pad[rows])
        position[rows] = _step(problem, position[rows], jacobian, error, config)
    return position, (length(errors(numbers)) < config.tolerance).all(1)


def length(vectors: Array) -> Array:
    return namespace(vectors).linalg.norm(vectors, axis=-1)


def _step(
    problem: Problem, position: Array, jacobian: Array, error: Array, config: Assignment
) -> Array:
    """Take one damped step inside the joint limits; jacobian [M, F, 3, n], error [M, F, 3]."""
    clip = namespace(position).clip
    lower, upper = constant(problem.lower, position), constant(problem.upper, position)
    step = damped_step(jacobian, error, config.damping)
    leaves = ((position <= lower) & (step < 0.0)) | ((position >= upper) & (step > 0.0))
    if leaves.any():
        free = jacobian * ~leaves[:, None, None, :]
        step = damped_step(free, error, config.damping)
    return clip(position + clip(step, -config.max_step, config.max_step), lower, upper)


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

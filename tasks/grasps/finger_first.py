"""Heuristic sampling of candidates (Algorithm 3), fingers first.

The paper samples surface points, then a pose, then fingers to reach them; a random pose is
almost never within reach (15 of 20000 here). Drawing a finger configuration first, putting the
object near its tips and taking the nearest surface points as contacts keeps the algorithm's
parts and its result, a set of contacts with an assignment, at a far better yield.
"""

import numpy as np

from configs.schema.grasps import FingerFirst, GraspSampling
from models.rotations import normalize, random_quaternions, rotate
from tasks.grasps.candidates import Candidates, to_object
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import centre_of, idle_joints, nearest_contacts, sizes_for, tip_points


def propose(problem: Problem, sampling: GraspSampling, rng: np.random.Generator) -> Candidates:
    """Draw `proposals` candidates, contacts assigned but not reached yet; return those whose
    touching tips may be within `reach` of the object."""
    count, fingers = sampling.finger_first.proposals, problem.layout.num_tips
    rank = rng.random((count, fingers)).argsort(axis=1).argsort(axis=1)
    active = rank < sizes_for(rng, count, fingers, sampling.contacts)[:, None]
    position = _draw_joints(rng, problem, active, sampling)
    pose = _place_object(rng, problem, position, active, sampling.finger_first)
    near = _near_bounds(problem, position, pose, active, sampling.reach)
    position, pose, active = position[near], pose[near], active[near]
    count = len(position)
    point, normal, pad, _ = nearest_contacts(problem, position, pose)
    return Candidates(
        joint_position=position,
        object_pose=pose,
        active=active,
        point=point,
        normal=normal,
        pad=pad,
        force=np.zeros((count, fingers)),
        quality=np.full(count, np.inf),
        joint_target=position,
        parent=np.full(count, -1),
    )


def _near_bounds(
    problem: Problem, position: np.ndarray, pose: np.ndarray, active: np.ndarray, reach: float
) -> np.ndarray:
    """Say where every touching tip is within `reach` of the box around the object [N] bool.

    Four of five proposals are not; looking for their nearest points would take the longest.
    """
    tips = tip_points(problem, position)  # [N, F, P, 3]
    local = to_object(pose, tips.reshape(len(pose), -1, 3)).reshape(tips.shape)
    low, high = problem.model.surface.bounds
    away = np.linalg.norm(local - local.clip(low, high), axis=-1).min(axis=2)  # [N, F]
    return np.asarray(((away < reach + problem.tip_radii) | ~active).all(axis=1))


def _place_object(
    rng: np.random.Generator,
    problem: Problem,
    position: np.ndarray,
    active: np.ndarray,
    config: FingerFirst,
) -> np.ndarray:
    """Turn the object at random and put its middle near the touching tips' middle; [N, 7].

    It is moved outward along the tips' mean direction: around the middle itself the links that
    lead to the tips leave little room.
    """
    tips = tip_points(problem, position)  # [N, F, P, 3]
    weight = (active / active.sum(axis=1, keepdims=True))[..., None]
    outward = normalize(tips[:, :, -1] - tips[:, :, 0])
    outward = normalize((outward * weight).sum(axis=1))
    shift = rng.uniform(*config.outward, (len(position), 1))
    middle = (tips[:, :, -1] * weight).sum(axis=1) + shift * outward
    middle = middle + rng.normal(0.0, config.offset, middle.shape)
    rotation = random_quaternions(rng, len(position))
    centre = rotate(rotation, np.broadcast_to(centre_of(problem.model), middle.shape))
    return np.concatenate([middle - centre, rotation], axis=1)


def _draw_joints(
    rng: np.random.Generator, problem: Problem, active: np.ndarray, sampling: GraspSampling
) -> np.ndarray:
    """Draw joint angles [N, n].

    How far a hand closes is one draw: with all joints anywhere in their ranges, a hand that is
    nearly open, which large objects need, would be rare.
    """
    size = (len(active), problem.layout.num_joints)
    closure = rng.uniform(*sampling.finger_first.closure, (len(active), 1))
    drawn = problem.lower + closure * rng.random(size) * (problem.upper - problem.lower)
    return np.where(problem.joint_mask(active), drawn, idle_joints(problem, sampling, active, rng))

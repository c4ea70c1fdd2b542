"""RRT expansion of a grasp set (Algorithm 5), with the analysis repeated.

A random sample is a random grasp's joint angles with its object pose moved; the nearest grasp of
the set is interpolated towards it by a bounded step; its tips stay on the same object points, but
for a little slide and now and then a finger that joins or leaves.
"""

from dataclasses import replace

import numpy as np

from configs.schema.grasps import Expansion, GraspMetric
from envs.shapes.symmetry import NONE
from models.rotations import conjugate, from_rotation_vector, multiply, slerp, to_rotation_vector
from tasks.grasps.candidates import Candidates
from tasks.grasps.metric import Neighbourhood
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import nearest_contacts

# Half of the random samples take their joints from another grasp than their pose: with the pose's
# own alone the tree would never mix finger configurations, with others' alone it seldom succeeds.
OWN_JOINTS = 0.5
OPENING = 0.5  # share of the way to the rest pose that a finger goes which leaves the grasp


def extend(
    problem: Problem,
    tree: Candidates,
    config: Expansion,
    metric: GraspMetric,
    reach: float,
    min_contacts: int,
    rng: np.random.Generator,
) -> Candidates:
    """Draw `config.proposals` steps from the tree, contacts assigned but not reached yet.

    A finger joins only where the surface is within `reach` [m] of its tip, and leaves only if
    `min_contacts` still touch. Where the metric is modulo the object's symmetry, the way goes to
    what looks like the sample and is nearest.
    """
    sample_pose, sample_joints = _random_samples(tree, config, rng)
    symmetry = problem.symmetry if metric.modulo_symmetry else NONE
    known = Neighbourhood(metric, tree.object_pose, tree.joint_position, symmetry)
    parent = known.nearest(sample_pose, sample_joints)
    if symmetry is not NONE:
        sample_pose[:, 3:] = symmetry.nearest(sample_pose[:, 3:], tree.object_pose[parent, 3:])
    near = replace(tree.take(parent), parent=parent)
    share, pose = _interpolate(near.object_pose, sample_pose, config)
    moved = near.joint_position + share[:, None] * (sample_joints - near.joint_position)
    joints = np.where(problem.joint_mask(near.active), near.joint_position, moved)
    stepped = replace(near, joint_position=joints, object_pose=pose)
    regripped = _regrip(problem, stepped, config, reach, min_contacts, rng)
    return _slide(problem, regripped, config, rng)


def halve(tree: Candidates, steps: Candidates) -> Candidates:
    """Take steps half as far from their parents; contacts are those of the whole step."""
    start = tree.take(steps.parent)
    half = np.full(len(steps), 0.5)
    middle = 0.5 * (start.object_pose[:, :3] + steps.object_pose[:, :3])
    turned = slerp(start.object_pose[:, 3:], steps.object_pose[:, 3:], half)
    return replace(
        steps,
        object_pose=np.concatenate([middle, turned], axis=1),
        joint_position=0.5 * (start.joint_position + steps.joint_position),
    )


def _random_samples(
    tree: Candidates, config: Expansion, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return object poses [N, 7] and joint angles [N, n]."""
    count = config.proposals
    centre, fingers = rng.integers(len(tree), size=(2, count))
    shift = _in_ball(rng, count) * config.spread_position
    turn = from_rotation_vector(_in_ball(rng, count) * config.spread_rotation)
    pose = tree.object_pose[centre]
    rotation = multiply(turn, pose[:, 3:])
    joints = np.where(
        rng.random((count, 1)) < OWN_JOINTS,
        tree.joint_position[centre],
        tree.joint_position[fingers],
    )
    return np.concatenate([pose[:, :3] + shift, rotation], axis=1), joints


def _in_ball(rng: np.random.Generator, count: int) -> np.ndarray:
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return direction * np.cbrt(rng.random((count, 1)))


def _interpolate(
    start: np.ndarray, end: np.ndarray, config: Expansion
) -> tuple[np.ndarray, np.ndarray]:
    """Go from pose `start` towards `end` until one step bound is met; share [N], pose [N, 7]."""
    shift = end[:, :3] - start[:, :3]
    turn = to_rotation_vector(multiply(end[:, 3:], conjugate(start[:, 3:])))
    share = np.minimum(
        config.step_position / np.maximum(np.linalg.norm(shift, axis=1), 1e-9),
        config.step_rotation / np.maximum(np.linalg.norm(turn, axis=1), 1e-9),
    )
    share = np.minimum(share, 1.0)
    rotation = slerp(start[:, 3:], end[:, 3:], share)
    return share, np.concatenate([start[:, :3] + share[:, None] * shift, rotation], axis=1)


def _regrip(
    problem: Problem,
    steps: Candidates,
    config: Expansion,
    reach: float,
    min_contacts: int,
    rng: np.random.Generator,
) -> Candidates:
    """Let one finger of some steps leave, or join at the surface point nearest to it."""
    count, fingers = steps.active.shape
    point, normal, pad, distance = nearest_contacts(
        problem, steps.joint_position, steps.object_pose
    )
    chosen = np.arange(fingers) == rng.integers(fingers, size=(count, 1))
    chosen &= rng.random((count, 1)) < config.regrip
    leaves = chosen & steps.active & (steps.active.sum(axis=1, keepdims=True) > min_contacts)
    joins = chosen & ~steps.active & (np.abs(distance) < reach)
    opened = problem.joint_mask(leaves)
    away = steps.joint_position + OPENING * (problem.rest - steps.joint_position)
    return replace(
        steps,
        joint_position=np.where(opened, away, steps.joint_position),
        active=(steps.active & ~leaves) | joins,
        point=np.where(joins[..., None], point, steps.point),
        normal=np.where(joins[..., None], normal, steps.normal),
        pad=np.where(joins[..., None], pad, steps.pad),
    )


def _slide(
    problem: Problem, steps: Candidates, config: Expansion, rng: np.random.Generator
) -> Candidates:
    """Displace the contact points and put them back on the surface."""
    displaced = steps.point + rng.normal(0.0, config.slide, steps.point.shape)
    point, normal, _ = problem.model.closest(displaced)
    return replace(steps, point=point, normal=normal)

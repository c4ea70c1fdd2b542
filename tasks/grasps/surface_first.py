"""Sampling of candidates as Algorithm 3 has it: contacts on the object, a pose, then fingers.

A random pose is almost never within reach (15 of 20,000 here): one contact is put where a random
pad of a random finger can be, and the object turned about it at random; which fingers take the
other contacts is then tried out on a table of where pads can be.
"""

from itertools import permutations

import numpy as np

from configs.schema.grasps import Grasps, GraspSampling, SurfaceFirst
from models.rotations import random_quaternions, rotate
from tasks.grasps.analysis import analyse
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import idle_joints, pads_of, sizes_for
from tasks.grasps.workspace import Workspace

TURNS = 8  # orientations tried for one in which the anchoring finger's link is outside the object


def propose(
    problem: Problem,
    workspace: Workspace,
    grasps: Grasps,
    rng: np.random.Generator,
) -> tuple[Candidates, int]:
    """Draw `proposals` sets of contacts; return an assignment or more of each that balances and has
    one, and how many balance."""
    sampling, config = grasps.sampling, grasps.sampling.surface_first
    point, normal, chosen = balanced_contacts(problem, grasps, rng)
    pose = anchored_pose(problem, workspace, point, normal, chosen, rng)
    row, finger_of, entry = assign(problem, workspace, config, pose, point, normal, chosen)
    placed = place(
        problem, workspace, sampling, pose[row], point[row], normal[row], finger_of, entry, rng
    )
    return placed, len(point)


def balanced_contacts(
    problem: Problem, grasps: Grasps, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw contacts, uniform over the area; keep sets whose forces can nearly cancel.

    Returns:
        point, normal [M, F, 3] in the object's frame, and which of the F places are used [M, F].
    """
    count, fingers = grasps.sampling.surface_first.proposals, problem.layout.num_tips
    size = sizes_for(rng, count, fingers, grasps.sampling.contacts)
    drawn = problem.model.sample_surface(count * fingers, rng)
    point, normal = (array.reshape(count, fingers, 3) for array in drawn)
    chosen = np.arange(fingers) < size[:, None]
    stable, _, _ = analyse(point, normal, chosen, grasps)
    return point[stable], normal[stable], chosen[stable]


def anchored_pose(
    problem: Problem,
    workspace: Workspace,
    point: np.ndarray,
    normal: np.ndarray,
    chosen: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Turn objects at random and put one contact of each against a random pad; poses [M, 7]."""
    count, rows = len(point), np.arange(len(point))
    anchor = (rng.random(chosen.shape) * chosen).argmax(axis=1)
    finger = rng.integers(problem.layout.num_tips, size=count)
    entry = rng.integers(workspace.pads.shape[1], size=count)
    pad = workspace.pads[finger, entry]
    turn = random_quaternions(rng, count * TURNS).reshape(count, TURNS, 4)
    facing = rotate(turn, normal[rows, anchor][:, None])
    least = workspace.sunk(finger[:, None], entry[:, None], facing).argmin(axis=1)
    rotation, facing = turn[rows, least], facing[rows, least]
    contact = pad - problem.tip_radii[finger][:, None] * facing
    return np.concatenate([contact - rotate(rotation, point[rows, anchor]), rotation], axis=1)


def assign(
    problem: Problem,
    workspace: Workspace,
    config: SurfaceFirst,
    pose: np.ndarray,
    point: np.ndarray,
    normal: np.ndarray,
    chosen: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Try all choices of fingers for each set of contacts on the table of pads.

    Returns:
        rows [K] of the sets, and for each contact its finger (-1: none) and entry [K, F]: the best
        `choices` of a set at most, in which no pad is farther than `reach` from its contact.
    """
    count, fingers = chosen.shape
    facing = rotate(pose[:, None, 3:], normal)
    radius = float(problem.tip_radii.mean())
    goal = pose[:, None, :3] + rotate(pose[:, None, 3:], point) + radius * facing
    cost, entry = workspace.reach(goal.reshape(-1, 3), facing.reshape(-1, 3), config.tries)
    cost, entry = cost.reshape(count, fingers, -1), entry.reshape(count, fingers, -1)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for size in np.unique(chosen.sum(axis=1)).tolist():
        rows = np.flatnonzero(chosen.sum(axis=1) == size)
        choices = np.array(list(permutations(range(fingers), size)))  # [choices, size]
        each = cost[rows][:, np.arange(size), choices]  # [rows, choices, size]
        total = np.where((each < config.reach).all(axis=2), (each**2).sum(axis=2), np.inf)
        order = np.argsort(total, axis=1, kind="stable")[:, : config.choices]
        row, rank = np.nonzero(np.isfinite(np.take_along_axis(total, order, axis=1)))
        picked = np.full((len(row), fingers), -1)
        picked[:, :size] = choices[order[row, rank]]
        found.append((rows[row], picked))
    found.append((np.zeros(0, dtype=int), np.zeros((0, fingers), dtype=int)))  # if there is no set
    row, finger_of = (np.concatenate(part) for part in zip(*found, strict=True))
    return row, finger_of, np.take_along_axis(entry[row], finger_of[..., None], axis=2)[..., 0]


def place(
    problem: Problem,
    workspace: Workspace,
    sampling: GraspSampling,
    pose: np.ndarray,
    point: np.ndarray,
    normal: np.ndarray,
    finger_of: np.ndarray,
    entry: np.ndarray,
    rng: np.random.Generator,
) -> Candidates:
    """Give each finger its contact, its pad and the joint angles that bring it near."""
    count, fingers = finger_of.shape
    row, contact = np.nonzero(finger_of >= 0)
    finger, taken = finger_of[row, contact], entry[row, contact]
    active = np.zeros((count, fingers), dtype=bool)
    active[row, finger] = True
    by_finger = [np.zeros((count, fingers, 3)) for _ in range(3)]
    values = (
        point[row, contact],
        normal[row, contact],
        pads_of(problem)[finger, taken % workspace.places],
    )
    for array, value in zip(by_finger, values, strict=True):
        array[row, finger] = value
    by_finger[1][~active] = (0.0, 0.0, 1.0)
    joints = idle_joints(problem, sampling, active, rng)
    sample = np.zeros((count, fingers), dtype=int)
    sample[row, finger] = taken // workspace.places
    of_joint = problem.finger_of_joint
    near = workspace.joints[sample[:, of_joint], np.arange(len(of_joint))]
    joints = np.where(problem.joint_mask(active), near, joints)
    return Candidates(
        joint_position=joints,
        object_pose=pose,
        active=active,
        point=by_finger[0],
        normal=by_finger[1],
        pad=by_finger[2],
        force=np.zeros((count, fingers)),
        quality=np.full(count, np.inf),
        joint_target=joints,
        parent=np.full(count, -1),
    )

"""Goal neighbours and components, against numbers worked by hand."""

import dataclasses

import numpy as np
import pytest

from configs.load import load
from configs.schema.grasps import GraspMetric
from configs.schema.pipeline import Config
from envs.shapes.symmetry import NONE, Symmetry, about, closure
from models.rotations import from_rotation_vector, multiply, random_quaternions
from tasks.grasps.candidates import Candidates
from tasks.grasps.metric import (
    Neighbourhood,
    combine,
    components,
    contacts_kept,
    distances,
    goal_neighbours,
)

METRIC = GraspMetric(position=0.01, rotation=0.25, joint=0.5, modulo_symmetry=False)


def poses(*rows: tuple[float, float]) -> np.ndarray:
    """Poses from (x [m], turn about z [rad])."""
    pose = np.zeros((len(rows), 7))
    pose[:, 0] = [x for x, _ in rows]
    pose[:, 3:] = from_rotation_vector(np.array([[0.0, 0.0, turn] for _, turn in rows]))
    return pose


def grasped(pose: np.ndarray, active=(True, True), slide=()) -> Candidates:
    """Grasps by two fingers; `active` one row or one a grasp, `slide` [m] along x a grasp."""
    count = len(pose)
    touching = np.broadcast_to(np.array(active), (count, 2))
    point = np.zeros((count, 2, 3))
    point[: len(slide), :, 0] = np.array(slide).reshape(-1, 1)
    return Candidates(
        joint_position=np.zeros((count, 2)),
        object_pose=pose,
        active=touching,
        point=point,
        normal=np.zeros((count, 2, 3)),
        pad=np.zeros((count, 2, 3)),
        force=np.zeros((count, 2)),
        quality=np.zeros(count),
        joint_target=np.zeros((count, 2)),
        parent=np.full(count, -1),
    )


X, Z = np.eye(3)[0], np.eye(3)[2]
BODIES = {
    "cube": Symmetry(closure([about(Z, np.pi / 2), about(X, np.pi / 2)])),
    "prism": Symmetry(closure([about(Z, np.pi / 3), about(X, np.pi)])),
    "box": Symmetry(closure([about(Z, np.pi), about(X, np.pi)])),
    "cone": Symmetry(NONE.turns, axis=Z),
    "cylinder": Symmetry(closure([about(X, np.pi)]), axis=Z),
    "ball": Symmetry(NONE.turns, ball=True),
}


@pytest.mark.parametrize("body", BODIES)
def test_the_nearest_grasp_is_modulo_symmetry_what_trying_all_finds(body: str):
    rng, symmetry = np.random.default_rng(0), BODIES[body]
    known = np.concatenate([rng.normal(0, 0.01, (3000, 3)), random_quaternions(rng, 3000)], 1)
    joints = rng.normal(0.0, 0.2, (3000, 4))
    chosen = rng.integers(3000, size=200)
    near = known[chosen]  # moved a little, then turned to look alike
    near[:, :3] += rng.normal(0, 0.002, (200, 3))
    near[:, 3:] = multiply(from_rotation_vector(rng.normal(0, 0.05, (200, 3))), near[:, 3:])
    turn = symmetry.turns[rng.integers(len(symmetry.turns), size=200)]
    near[:, 3:] = multiply(near[:, 3:], turn)
    if symmetry.axis is not None:
        free = from_rotation_vector(rng.uniform(-3, 3, (200, 1)) * symmetry.axis)
        near[:, 3:] = multiply(near[:, 3:], free)
    asked = joints[chosen] + rng.normal(0.0, 0.02, (200, 4))
    found = Neighbourhood(METRIC, known, joints, symmetry).nearest(near, asked)
    parts = distances(near[:, None], asked[:, None], known, joints, symmetry)
    every = combine(METRIC, parts)
    np.testing.assert_allclose(every[np.arange(200), found], every.min(axis=1), rtol=1e-6)
    plain = Neighbourhood(METRIC, known, joints).nearest(near, asked)
    assert (plain != found).mean() > 0.2


def test_contacts_are_kept_if_fingers_stay_in_place_and_only_join_or_only_leave():
    fingers = [(True, True), (True, False), (False, True), (True, True)]
    found = grasped(poses(*[(0, 0)] * 4), fingers, slide=(0.0, 0.0, 0.0, 0.02))
    rows, near = np.arange(4), np.tile(np.arange(4), (4, 1))
    kept = contacts_kept(found, rows, near, slide=0.01)
    assert kept[0].tolist() == [True, True, True, False]  # the last one's contacts slid by 2 cm
    assert not kept[1, 2]  # one finger takes the other's place
    assert (kept == kept.T).all()
    assert contacts_kept(found, rows, near, slide=0.03)[0, 3]


def test_distance_counts_units():
    pose, joints = poses((0.0, 0.0), (0.03, 0.5)), np.array([[0.0, 0.0], [1.0, 0.0]])
    parts = distances(pose[:1], joints[:1], pose[1:], joints[1:])
    assert [part[0] for part in parts] == pytest.approx([0.03, 0.5, np.sqrt(0.5)])
    assert combine(METRIC, parts)[0] == pytest.approx(np.sqrt(9 + 4 + 2))


def test_a_rotation_and_its_negative_quaternion_are_one():
    pose = poses((0.0, 1.0), (0.0, 1.0))
    pose[1, 3:] *= -1.0
    joints = np.zeros((2, 3))
    assert distances(pose[:1], joints[:1], pose[1:], joints[1:])[1] == pytest.approx(0, abs=1e-7)


def test_goals_are_in_range_and_two_tolerances_away():
    goals = load(Config).task.goals
    near, far = goals.position_tolerance, goals.max_distance
    turn = goals.rotation_tolerance
    pose = poses(
        (0.0, 0.0), (1.5 * near, 1.5 * turn), (2.5 * near, 0.0), (0.0, 2.5 * turn), (1.5 * far, 0)
    )
    found = goal_neighbours(METRIC, goals, grasped(pose))
    assert found.shape == (5, goals.neighbours)
    assert set(found[0][found[0] >= 0]) == {2, 3}  # 1 is too near, 4 is out of range
    assert 0 not in found[0]
    assert 0 not in found[4]


def random_grasps(count: int, seed: int) -> Candidates:
    rng = np.random.default_rng(seed)
    pose = np.concatenate(
        [rng.uniform(0, 0.05, (count, 3)), random_quaternions(rng, count)], axis=1
    )
    found = grasped(pose, rng.random((count, 2)) < 0.8, slide=rng.uniform(0, 0.02, count))
    return dataclasses.replace(found, joint_position=rng.uniform(-0.5, 0.5, (count, 2)))


def test_the_trees_answer_is_that_of_every_pair():
    known, samples = random_grasps(300, 0), random_grasps(200, 1)
    here = known.object_pose[None], known.joint_position[None]
    there = samples.object_pose[:, None], samples.joint_position[:, None]
    cost = combine(METRIC, distances(*there, *here))
    tree = Neighbourhood(METRIC, known.object_pose, known.joint_position)
    chosen = tree.nearest(samples.object_pose, samples.joint_position)
    assert (chosen == cost.argmin(axis=1)).mean() > 0.97  # far ones differ by the chord
    np.testing.assert_allclose(cost[np.arange(200), chosen], cost.min(axis=1), rtol=0.05)


def test_goals_are_those_of_every_pair():
    goals = dataclasses.replace(load(Config).task.goals, max_rotation=1.5, neighbours=4)
    found = random_grasps(400, 2)  # fewer than a shortlist holds
    pose, joints = found.object_pose, found.joint_position
    parts = distances(pose[:, None], joints[:, None], pose[None], joints[None])
    away = np.maximum(parts[0] / goals.position_tolerance, parts[1] / goals.rotation_tolerance)
    every = np.tile(np.arange(400), (400, 1))
    allowed = (parts[0] <= goals.max_distance) & (parts[1] <= goals.max_rotation)
    allowed &= (away >= goals.min_distance) & contacts_kept(
        found, np.arange(400), every, goals.max_slide
    )
    cost = np.where(allowed, combine(METRIC, parts), np.inf)
    expected = np.argsort(cost, axis=1)[:, :4]
    expected[np.isinf(np.take_along_axis(cost, expected, axis=1))] = -1
    assert (expected >= 0).any()
    np.testing.assert_array_equal(goal_neighbours(METRIC, goals, found), expected)


def test_components_follow_links_both_ways():
    labels = components(np.array([[1, -1], [-1, -1], [1, -1], [4, -1], [-1, -1], [-1, -1]]))
    assert labels[0] == labels[1] == labels[2]
    assert labels[3] == labels[4]
    assert len(set(labels.tolist())) == 3

"""Steps and regrasps as they are planned: bounded, reached, in the right order."""

import numpy as np
import pytest

from envs.grasp_graph import ADD, BACK, KINDS, MOVE, REMOVE, THUMB, kind_of
from models.rotations import angle, from_rotation_vector, multiply
from tasks.regrasps.gait import Planner, towards
from tasks.regrasps.motion import Motions, steps_of
from tests.tasks.regrasps.conftest import Grown


@pytest.fixture(scope="module")
def planner(grown: Grown) -> Planner:
    step = grown.step
    return Planner(grown.problem, step.physics, step.regrasps, step.grasps, seed=0)


@pytest.fixture(scope="module")
def asked(grown: Grown):
    from tasks.regrasps.joining import from_set

    nodes = from_set(grown.problem, grown.graph.grasps)
    goal = nodes.object_pose.copy()
    turn = from_rotation_vector(np.tile([0.0, 0.0, np.pi / 2.0], (len(nodes), 1)))
    goal[:, 3:] = multiply(turn, goal[:, 3:])
    return nodes, goal


def test_a_way_is_cut_off_at_its_bounds():
    start = np.array([[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]])
    goal = np.concatenate(
        [np.array([[0.04, 0.0, 0.0]]), from_rotation_vector(np.array([[0.0, 0.0, 1.0]]))], axis=1
    )
    pose = towards(start, goal, 0.01, 0.25)
    assert pose[0, :3] == pytest.approx([0.01, 0.0, 0.0])
    assert angle(pose[:, 3:], start[:, 3:])[0] == pytest.approx(0.25)
    assert towards(start, goal, 1.0, 2.0) == pytest.approx(goal)


def test_motions_go_through_their_legs_in_order():
    target = np.array([[[1.0], [1.0], [3.0]]])
    motions = Motions(target, np.array([[2, 0, 4]]))
    ways = [float(motions.at(np.zeros((1, 1)), step)[0, 0]) for step in range(8)]
    assert ways == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0])


def test_a_leg_takes_as_many_steps_as_its_longest_way_needs(grown: Grown):
    scale = grown.problem.layout.action_scale
    way = np.array([[[0.5 * scale, 2.5 * scale], [0.0, 0.0]]])
    assert steps_of(grown.problem, np.zeros_like(way), way, rate=1.0).tolist() == [[3, 0]]
    assert steps_of(grown.problem, np.zeros_like(way), way, rate=0.5).tolist() == [[5, 0]]


def test_steps_in_the_grasp_keep_contacts_and_turn_towards_the_goal(planner: Planner, asked):
    nodes, goal = asked
    plans = planner.in_grasp(nodes, goal)
    assert len(plans) > 0
    parent = plans.after.parent
    left = angle(plans.after.object_pose[:, 3:], goal[parent, 3:])
    assert (left < angle(nodes.object_pose[parent, 3:], goal[parent, 3:])).all()
    assert (plans.after.active == nodes.active[parent]).all()
    assert plans.after.point == pytest.approx(nodes.point[parent])


def test_a_regrasp_moves_one_finger_and_leaves_the_object(planner: Planner, asked):
    nodes, goal = asked
    plans = planner.regrasps(nodes, goal, 1, np.random.default_rng(0))
    assert len(plans) > 0
    parent = plans.after.parent
    assert len(np.unique(parent)) == len(parent)
    assert plans.after.object_pose == pytest.approx(nodes.object_pose[parent])
    others = np.arange(nodes.active.shape[1]) != plans.finger[:, None]
    stays = nodes.active[parent] & others
    assert (plans.after.active[others] == nodes.active[parent][others]).all()
    assert plans.after.point[stays] == pytest.approx(nodes.point[parent][stays])
    moved = np.linalg.norm(plans.after.point - nodes.point[parent], axis=2)
    rows = np.arange(len(plans))
    before = nodes.active[parent][rows, plans.finger]
    least = planner.config.proposals.moved
    assert (moved[rows, plans.finger][before] >= least).all()


def test_only_the_finger_that_goes_leaves_its_targets_far(planner: Planner, asked):
    """The others hold on: while it travels their targets stay within the squeeze."""
    nodes, goal = asked
    plans = planner.regrasps(nodes, goal, 1, np.random.default_rng(0))
    own = planner.problem.joint_mask(np.arange(nodes.active.shape[1]) == plans.finger[:, None])
    margin = planner.problem.layout.target_margin
    lag = np.abs(plans.forth.target[:, 2] - plans.before.joint_position)
    assert (lag[~own] <= margin + 1e-6).all()
    assert plans.forth.target[:, -1] == pytest.approx(plans.after.joint_target)


def test_kinds_are_told_by_finger_and_whether_it_joins(grown: Grown):
    hand = grown.config.hand
    thumb = [finger.name for finger in hand.fingers].index("thumb")
    fingers, joins = np.array([0, 0, thumb, thumb]), np.array([True, False, True, False])
    assert kind_of(hand, fingers, joins).tolist() == [ADD, MOVE, THUMB, THUMB]
    assert BACK[ADD] == REMOVE
    assert (BACK[BACK] == np.array(KINDS)).all()

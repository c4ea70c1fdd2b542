"""Goal choice on grasps laid out by hand."""

import dataclasses

import numpy as np
import pytest
import torch

from configs.errors import UserError
from configs.load import load
from configs.schema.pipeline import Config
from envs.goals import GoalChoice, GraspTable, relative, within
from tests.grasps_by_hand import grasp_set

HALF = 0.5**0.5


@pytest.fixture(scope="module")
def goals():
    return load(Config).task.goals


@pytest.fixture
def table() -> GraspTable:
    first = grasp_set("first", [0.0, 0.025, 0.05, 0.3], [[1, -1], [0, 2], [1, -1], [-1, -1]])
    second = grasp_set("second", [0.1, 0.125], [[1], [0]])
    return GraspTable.join([first, second], ["first", "second"])


def test_joined_rows_link_within_their_object(table):
    expected = [[1, -1], [0, 2], [1, -1], [-1, -1], [5, -1], [4, -1]]
    assert table.neighbours.tolist() == expected
    assert table.joint_target[5].tolist() == pytest.approx([1.1])


def test_starts_belong_to_the_object_and_have_a_goal(table):
    objects = torch.tensor([0] * 50 + [1] * 50)
    rows = table.draw_start(objects, torch.linspace(0.001, 0.999, 50).repeat(2))
    assert set(rows[:50].tolist()) == {0, 1, 2}  # grasp 3 has no neighbour
    assert set(rows[50:].tolist()) == {4, 5}


def test_an_object_without_goals_is_refused():
    with pytest.raises(UserError, match="lonely"):
        GraspTable.join([grasp_set("lonely", [0.0, 0.3], [[-1], [-1]])], ["lonely"])


def test_grasps_of_another_object_are_refused():
    with pytest.raises(UserError, match="cup"):
        GraspTable.join([grasp_set("first", [0.0, 0.02], [[1], [0]])], ["cup"])


def test_relative_way_to_the_goal_by_hand():
    pose = torch.tensor([[0.1, 0.2, 0.3, HALF, HALF, 0.0, 0.0]])  # a quarter turn about x
    goal = torch.tensor([[0.1, 0.25, 0.3, HALF, 0.0, 0.0, HALF]])  # a quarter turn about z
    offset, turn = relative(pose, goal)
    assert torch.allclose(offset, torch.tensor([[0.0, 0.05, 0.0]]))
    # Rz(90) Rx(-90) is a turn by 120 degrees about (-1, -1, 1)
    expected = 2 * np.pi / 3 / 3**0.5 * torch.tensor([[-1.0, -1.0, 1.0]])
    assert torch.allclose(turn, expected.float(), atol=1e-5)


def test_a_goal_is_met_within_both_tolerances(goals):
    distance = torch.tensor([0.009, 0.011, 0.009])
    angle = torch.tensor([0.24, 0.24, 0.26])
    assert within(goals, distance, angle).tolist() == [True, False, False]


def choice(goals, table, start: list[int]) -> GoalChoice:
    chooser = GoalChoice(goals, table, 20.0, len(start))
    ids, rows = torch.arange(len(start)), torch.tensor(start)
    chooser.start(ids, rows, table.object_pose[rows], torch.full((len(start),), 0.1))
    return chooser


def arrive(chooser: GoalChoice, ids: torch.Tensor) -> None:
    """Let the objects [M] have stayed at their goals for long enough."""
    chooser.stay[ids] = chooser.dwell


def test_a_goal_is_reached_by_staying_without_a_break(goals, table):
    assert goals.dwell_s == 0.5  # 10 steps at 20 Hz
    chooser = choice(goals, table, [0, 4, 4])
    seen = [chooser.judge(torch.tensor([True, t != 8, t > 0])).tolist() for t in range(10)]
    assert seen == 9 * [[False, False, False]] + [[True, False, False]]
    assert chooser.stay.tolist() == [10, 1, 9]
    assert chooser.dwelt.tolist() == pytest.approx([1.0, 0.1, 0.9])
    assert chooser.age.tolist() == [10, 10, 10]
    assert chooser.judge(torch.tensor([True, True, True])).tolist() == [True, False, True]


def test_staying_begins_anew_with_goal_and_episode(goals, table):
    chooser = choice(goals, table, [0, 4])
    for _ in range(4):
        chooser.judge(torch.tensor([True, True]))
    ids = torch.tensor([0])
    chooser.advance(ids, table.object_pose[[0]], torch.tensor([0.5]))
    assert chooser.stay.tolist() == [0, 4]
    rows = torch.tensor([5])
    chooser.start(torch.tensor([1]), rows, table.object_pose[rows], torch.tensor([0.5]))
    assert chooser.stay.tolist() == [0, 0]
    assert not chooser.judge(torch.tensor([True, True])).any()


def test_without_a_time_to_stay_a_goal_is_reached_at_once(goals, table):
    chooser = choice(dataclasses.replace(goals, dwell_s=0.0), table, [0, 4])
    assert chooser.judge(torch.tensor([True, False])).tolist() == [True, False]


def test_a_reached_goal_is_the_origin_of_the_next(goals, table):
    chooser = choice(goals, table, [0, 4])
    assert chooser.goal.tolist() == [1, 5]
    chooser.age += 7
    ids = torch.tensor([0])
    arrive(chooser, ids)
    chooser.advance(ids, table.object_pose[chooser.goal[ids]], torch.tensor([0.9]))
    assert chooser.goal.tolist() == [2, 5]
    assert chooser.origin.tolist() == [1, 4]
    assert chooser.age.tolist() == [0, 7]


def test_every_neighbour_is_drawn(goals, table):
    chooser = choice(goals, table, [1] * 100)
    uniform = torch.linspace(0.001, 0.999, 100)
    rows = torch.ones(100, dtype=torch.int64)
    chooser.start(torch.arange(100), rows, table.object_pose[rows], uniform)
    assert torch.bincount(chooser.goal, minlength=3).tolist() == [50, 0, 50]


def test_the_way_back_is_not_drawn(goals, table):
    chooser = choice(goals, table, [0] * 20)
    ids, uniform = torch.arange(20), torch.linspace(0.01, 0.99, 20)
    arrive(chooser, ids)
    chooser.advance(ids, table.object_pose[[1] * 20], uniform)
    assert set(chooser.goal.tolist()) == {2}  # 0 is a neighbour of 1 as well
    assert set(chooser.back.tolist()) == {0}
    # not in time: its only other neighbour is the way back, which is better than the same goal
    chooser.advance(ids, table.object_pose[[1] * 20], uniform)
    assert set(chooser.goal.tolist()) == {0}
    assert set(chooser.back.tolist()) == {0}  # still where it came from


def test_a_goal_is_two_tolerances_from_where_the_object_is(goals, table):
    assert goals.min_distance == 2.0
    pose = table.object_pose[[1] * 4].clone()
    pose[:, 2] = torch.tensor([0.025, 0.0195, 0.0205, 0.0305])  # from 0: 2.5, 1.95, 2.05, 3.05 cm
    away = GoalChoice(goals, table, 20.0, 4)._away(pose, torch.tensor([[0, 2]] * 4))
    assert away.tolist() == [[True, True], [False, True], [True, True], [True, False]]
    turned = table.object_pose[[0] * 2].clone()
    for row, turn in enumerate((0.49, 0.51)):  # [rad] of 2 x 0.25
        turned[row, 3:] = torch.tensor([np.cos(turn / 2), np.sin(turn / 2), 0.0, 0.0])
    turned[:, 2] = 0.01
    away = GoalChoice(goals, table, 20.0, 2)._away(turned, torch.tensor([[0]] * 2))
    assert away.tolist() == [[False], [True]]


def test_a_goal_that_had_to_be_near_leads_on_but_does_not_count(goals, table):
    chooser = choice(goals, table, [4, 4])
    assert chooser.counts.tolist() == [True, True]
    between = table.object_pose[[4, 4]].clone()
    between[1, 2] += 0.010  # 1.5 cm from the only other grasp
    ids, met = torch.arange(2), torch.ones(2, dtype=torch.bool)
    chooser.advance(ids, between, torch.tensor([0.5, 0.5]))
    assert chooser.goal.tolist() == [5, 5]
    for _ in range(9):
        assert not chooser.judge(met).any()
    assert chooser.judge(met).tolist() == [True, False]
    assert chooser.arrived.tolist() == [True, True]
    chooser.advance(ids, table.object_pose[[5, 5]], torch.tensor([0.5, 0.5]))
    assert chooser.origin.tolist() == [5, 5]
    assert chooser.counts.tolist() == [True, True]


def test_a_goal_that_the_object_is_at_already_is_not_chosen(goals, table):
    chooser = choice(goals, table, [0] * 20)
    # it "reached" grasp 1 but lies at grasp 2: only grasp 0 is a goal worth its name
    ids = torch.arange(20)
    arrive(chooser, ids)
    chooser.advance(ids, table.object_pose[[2] * 20], torch.linspace(0.01, 0.99, 20))
    assert set(chooser.goal.tolist()) == {0}


def test_an_expired_goal_is_replaced_by_another(goals, table):
    chooser = choice(goals, table, [1] * 20)
    assert set(chooser.goal.tolist()) == {0}
    chooser.age += round(goals.timeout_s * 20.0) - 1
    assert not chooser.expired.any()
    chooser.age += 1
    assert chooser.expired.all()
    ids = torch.arange(20)
    chooser.advance(ids, table.object_pose[[1] * 20], torch.linspace(0.01, 0.99, 20))
    assert set(chooser.goal.tolist()) == {2}
    assert set(chooser.origin.tolist()) == {1}
    assert set(chooser.back.tolist()) == {1}
    assert not chooser.expired.any()


def test_the_only_goal_comes_again_and_a_dead_end_turns_back(goals, table):
    chooser = choice(goals, table, [4])
    one = torch.tensor([0])
    chooser.advance(one, table.object_pose[[4]], torch.tensor([0.5]))
    assert chooser.goal.tolist() == [5]
    chooser.goal[0] = 3  # a grasp without neighbours
    arrive(chooser, one)
    chooser.advance(one, table.object_pose[[3]], torch.tensor([0.5]))
    assert chooser.goal.tolist() == [4]

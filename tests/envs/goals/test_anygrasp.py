"""Goal choice on grasps laid out by hand."""

import numpy as np
import pytest
import torch

from configs.errors import UserError
from configs.schema.pipeline import Config
from configs.schema.skills import Anygrasp
from envs.goals.anygrasp import IN_GRASP, REGRASP, TURN, AnygraspGoals
from envs.goals.goals import Moment, relative
from envs.goals.table import GraspTable
from envs.shapes.objects import ObjectModel
from tests.envs.goals.settings import configured, make_setting
from tests.grasps_by_hand import grasp_set

HALF = 0.5**0.5


@pytest.fixture(scope="module")
def config() -> Config:
    return configured()


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


def make(config: Config, table: GraspTable, count: int, objects=()) -> AnygraspGoals:
    skill = config.task.skill
    assert isinstance(skill, Anygrasp)
    return AnygraspGoals(make_setting(config, table, count, objects), skill)


def choice(config: Config, table: GraspTable, start: list[int]) -> AnygraspGoals:
    chooser = make(config, table, len(start))
    begin(chooser, range(len(start)), start, [0.1] * len(start))
    return chooser


def begin(chooser: AnygraspGoals, ids, rows, uniform) -> None:
    ids, rows, uniform = (torch.as_tensor(list(values)) for values in (ids, rows, uniform))
    chooser.start(ids, rows, uniform.float().reshape(len(ids), -1))


def advance(chooser: AnygraspGoals, ids: torch.Tensor, pose: torch.Tensor, uniform) -> None:
    joints = chooser.joints[ids]
    uniform = torch.as_tensor(uniform).reshape(len(ids), -1)
    chooser.advance(ids, Moment(pose, joints, joints), uniform)


def judge(chooser: AnygraspGoals, met: list[bool]) -> list[bool]:
    return chooser.judge(torch.tensor(met), torch.tensor(met)).tolist()


def test_a_goal_is_met_within_both_tolerances(config, table):
    distance = torch.tensor([0.009, 0.011, 0.009])
    angle = torch.tensor([0.24, 0.24, 0.26])
    joints = torch.tensor([[0.19], [-0.21], [-0.19]])
    placed, formed = make(config, table, 3).met(distance, angle, joints)
    assert placed.tolist() == [True, False, False]
    assert formed.tolist() == [True, False, True]


def arrive(chooser: AnygraspGoals, ids: torch.Tensor) -> None:
    """Let the objects [M] have stayed at their goals for long enough."""
    chooser.stay[ids] = chooser.dwell


def test_a_goal_is_reached_by_staying_without_a_break(config, table):
    assert config.task.goals.dwell_s == 0.5  # 10 steps at 20 Hz
    chooser = choice(config, table, [0, 4, 4])
    seen = [judge(chooser, [True, t != 8, t > 0]) for t in range(10)]
    assert seen == 9 * [[False, False, False]] + [[True, False, False]]
    assert chooser.stay.tolist() == [10, 1, 9]
    assert chooser.dwelt.tolist() == pytest.approx([1.0, 0.1, 0.9])
    assert chooser.age.tolist() == [10, 10, 10]
    assert judge(chooser, [True, True, True]) == [True, False, True]


def test_staying_begins_anew_with_goal_and_episode(config, table):
    chooser = choice(config, table, [0, 4])
    for _ in range(4):
        judge(chooser, [True, True])
    ids = torch.tensor([0])
    advance(chooser, ids, table.object_pose[[0]], torch.tensor([0.5]))
    assert chooser.stay.tolist() == [0, 4]
    begin(chooser, [1], [5], [0.5])
    assert chooser.stay.tolist() == [0, 0]
    assert judge(chooser, [True, True]) == [False, False]


def test_without_a_time_to_stay_a_goal_is_reached_at_once(config, table):
    chooser = choice(configured(dwell_s=0.0), table, [0, 4])
    assert judge(chooser, [True, False]) == [True, False]


def test_a_reached_goal_is_the_origin_of_the_next(config, table):
    chooser = choice(config, table, [0, 4])
    assert chooser.goal.tolist() == [1, 5]
    chooser.age += 7
    ids = torch.tensor([0])
    arrive(chooser, ids)
    advance(chooser, ids, table.object_pose[chooser.goal[ids]], torch.tensor([0.9]))
    assert chooser.goal.tolist() == [2, 5]
    assert chooser.origin.tolist() == [1, 4]
    assert chooser.age.tolist() == [0, 7]


def test_every_neighbour_is_drawn(config, table):
    chooser = choice(config, table, [1] * 100)
    begin(chooser, range(100), [1] * 100, torch.linspace(0.001, 0.999, 100))
    assert torch.bincount(chooser.goal, minlength=3).tolist() == [50, 0, 50]


def test_the_way_back_is_not_drawn(config, table):
    chooser = choice(config, table, [0] * 20)
    ids, uniform = torch.arange(20), torch.linspace(0.01, 0.99, 20)
    arrive(chooser, ids)
    advance(chooser, ids, table.object_pose[[1] * 20], uniform)
    assert set(chooser.goal.tolist()) == {2}  # 0 is a neighbour of 1 as well
    assert set(chooser.back.tolist()) == {0}
    # not in time: its only other neighbour is the way back, which is better than the same goal
    advance(chooser, ids, table.object_pose[[1] * 20], uniform)
    assert set(chooser.goal.tolist()) == {0}
    assert set(chooser.back.tolist()) == {0}  # still where it came from


def test_a_goal_is_two_tolerances_from_where_the_object_is(config, table):
    assert config.task.goals.min_distance == 2.0
    pose = table.object_pose[[1] * 4].clone()
    pose[:, 2] = torch.tensor([0.025, 0.0195, 0.0205, 0.0305])  # from 0: 2.5, 1.95, 2.05, 3.05 cm
    away = make(config, table, 4)._away(torch.arange(4), pose, torch.tensor([[0, 2]] * 4))
    assert away.tolist() == [[True, True], [False, True], [True, True], [True, False]]
    turned = table.object_pose[[0] * 2].clone()
    for row, turn in enumerate((0.49, 0.51)):  # [rad] of 2 x 0.25
        turned[row, 3:] = torch.tensor([np.cos(turn / 2), np.sin(turn / 2), 0.0, 0.0])
    turned[:, 2] = 0.01
    away = make(config, table, 2)._away(torch.arange(2), turned, torch.tensor([[0]] * 2))
    assert away.tolist() == [[False], [True]]


def test_a_goal_that_had_to_be_near_leads_on_but_does_not_count(config, table):
    chooser = choice(config, table, [4, 4])
    assert chooser.counts.tolist() == [True, True]
    between = table.object_pose[[4, 4]].clone()
    between[1, 2] += 0.010  # 1.5 cm from the only other grasp
    ids = torch.arange(2)
    advance(chooser, ids, between, torch.tensor([0.5, 0.5]))
    assert chooser.goal.tolist() == [5, 5]
    for _ in range(9):
        assert judge(chooser, [True, True]) == [False, False]
    assert judge(chooser, [True, True]) == [True, False]
    assert chooser.arrived.tolist() == [True, True]
    advance(chooser, ids, table.object_pose[[5, 5]], torch.tensor([0.5, 0.5]))
    assert chooser.origin.tolist() == [5, 5]
    assert chooser.counts.tolist() == [True, True]


def test_a_goal_that_the_object_is_at_already_is_not_chosen(config, table):
    chooser = choice(config, table, [0] * 20)
    # it "reached" grasp 1 but lies at grasp 2: only grasp 0 is a goal worth its name
    ids = torch.arange(20)
    arrive(chooser, ids)
    advance(chooser, ids, table.object_pose[[2] * 20], torch.linspace(0.01, 0.99, 20))
    assert set(chooser.goal.tolist()) == {0}


def test_an_expired_goal_is_replaced_by_another(config, table):
    chooser = choice(config, table, [1] * 20)
    assert set(chooser.goal.tolist()) == {0}
    chooser.age += round(config.task.goals.timeout_s * 20.0) - 1
    assert not chooser.expired.any()
    chooser.age += 1
    assert chooser.expired.all()
    ids = torch.arange(20)
    advance(chooser, ids, table.object_pose[[1] * 20], torch.linspace(0.01, 0.99, 20))
    assert set(chooser.goal.tolist()) == {2}
    assert set(chooser.origin.tolist()) == {1}
    assert set(chooser.back.tolist()) == {1}
    assert not chooser.expired.any()


def test_the_only_goal_comes_again_and_a_dead_end_turns_back(config, table):
    chooser = choice(config, table, [4])
    one = torch.tensor([0])
    advance(chooser, one, table.object_pose[[4]], torch.tensor([0.5]))
    assert chooser.goal.tolist() == [5]
    chooser.goal[0] = 3  # a grasp without neighbours
    arrive(chooser, one)
    advance(chooser, one, table.object_pose[[3]], torch.tensor([0.5]))
    assert chooser.goal.tolist() == [4]


def test_success_on_pose_and_on_pose_and_joints_are_told_apart(config, table):
    chooser = choice(config, table, [0, 0, 4])
    placed = torch.ones(3, dtype=torch.bool)
    for step in range(10):
        reached = chooser.judge(placed, torch.tensor([True, step != 5, True]))
    assert reached.all()
    assert chooser.matched.tolist() == [True, False, True]
    found = chooser.outcomes(dropped=torch.tensor([False, False, True]))
    assert set(found) == {"in_grasp/pose", "in_grasp/pose_and_joints"}
    assert found["in_grasp/pose"].tolist() == [1.0, 1.0, 0.0]  # the third was dropped
    assert found["in_grasp/pose_and_joints"].tolist() == [1.0, 0.0, 0.0]


def test_a_goal_may_ask_for_the_joints_too(table):
    chooser = choice(configured("task.skill.met_on=pose_and_joints"), table, [0, 0])
    placed = torch.ones(2, dtype=torch.bool)
    for _ in range(10):
        reached = chooser.judge(placed, torch.tensor([True, False]))
    assert reached.tolist() == [True, False]


@pytest.fixture
def line() -> GraspTable:
    """Six grasps in a row, 2.5 cm apart."""
    links = [[1, -1], [0, 2], [1, 3], [2, 4], [3, 5], [4, -1]]
    return GraspTable.join([grasp_set("line", [0.025 * i for i in range(6)], links)], ["line"])


def test_a_walk_of_several_edges_has_more_time_and_room(line):
    chooser = make(configured("task.skill.max_edges=3"), line, 3)
    assert chooser.draws == 4  # first edge, how many, second, third
    uniform = [[0.5, share, 0.9, 0.9] for share in (0.1, 0.5, 0.9)]
    begin(chooser, range(3), [0, 0, 0], uniform)
    assert chooser.edges.tolist() == [1, 2, 3]
    assert chooser.goal.tolist() == [1, 2, 3]
    assert chooser.limit.tolist() == [100, 200, 300]  # 5 s at 20 Hz for each
    assert chooser.slack.tolist() == pytest.approx([0.0, 0.04, 0.08])
    assert torch.equal(chooser.pose, line.object_pose[[1, 2, 3]])
    assert chooser.counts.all()


def test_kinds_of_goals_by_contacts_and_by_rotation(config):
    links = [[1, -1, -1], [0, 2, 3], [1, -1, -1], [1, -1, -1]]
    first = grasp_set("first", [0.0, 0.025, 0.05, 0.075], links)
    first.contacts.point[2, 0] = [0.011, 0.0, 0.0]  # a centimetre is no other contact, this is
    first.object_pose[3, 3:] = [np.cos(0.55), np.sin(0.55), 0.0, 0.0]  # 1.1 rad
    chooser = make(config, GraspTable.join([first], ["first"]), 3)
    begin(chooser, range(3), [1, 1, 1], [0.1, 0.5, 0.9])
    assert chooser.goal.tolist() == [0, 2, 3]
    assert chooser.kind.tolist() == [IN_GRASP, REGRASP, TURN]


def test_modulo_symmetry_what_looks_alike_is_no_turn(config):
    box = ObjectModel(config.objects.members["box"])
    grasps = grasp_set("box", [0.0, 0.025, 0.05], [[1], [0], [1]])
    grasps.object_pose[1, 3:] = [HALF, 0.0, 0.0, HALF]  # a cube, after a quarter turn
    table = GraspTable.join([grasps], ["box"])
    plain = make(config, table, 1, [box])
    begin(plain, [0], [0], [0.5])
    assert plain.kind.tolist() == [TURN]
    alike = make(configured("task.skill.modulo_symmetry=true"), table, 1, [box])
    begin(alike, [0], [0], [0.5])
    assert alike.kind.tolist() == [IN_GRASP]
    offset, turn = alike.way(table.object_pose[[0]])
    assert offset[0].tolist() == pytest.approx([0.0, 0.0, 0.025])
    assert torch.allclose(turn, torch.zeros(1, 3), atol=1e-3)

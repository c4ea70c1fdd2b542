"""Small turns: how far, about what, where to, and with which joints."""

import pytest
import torch

from configs.schema.skills import FineRotation
from envs.goals.fine_rotation import FineRotationGoals
from envs.goals.goals import Moment
from envs.goals.table import GraspTable
from models.rotations import conjugate, from_rotation_vector, multiply, rotate, to_rotation_vector
from tests.envs.goals.settings import configured, make_setting
from tests.small_world import SmallWorld, small_world

COUNT = 40


@pytest.fixture(scope="module")
def small() -> SmallWorld:
    return small_world("allegro")


def make(small: SmallWorld, *overrides: str) -> FineRotationGoals:
    config = configured("task=fine_rotation", *overrides)
    table = GraspTable.join(small.grasps, [item.name for item in small.objects])
    skill = config.task.skill
    assert isinstance(skill, FineRotation)
    return FineRotationGoals(make_setting(config, table, COUNT, small.objects), skill)


def uniform(seed: int, columns: int) -> torch.Tensor:
    return torch.rand(COUNT, columns, generator=torch.Generator().manual_seed(seed))


def begun(goals: FineRotationGoals, small: SmallWorld) -> torch.Tensor:
    rows = goals.draw_start(torch.arange(COUNT) % len(small.objects), uniform(0, 1)[:, 0])
    goals.start(torch.arange(COUNT), rows, uniform(1, 2))
    return rows


def turn_between(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return to_rotation_vector(multiply(second[:, 3:], conjugate(first[:, 3:])))


def test_a_goal_is_a_turn_in_place_about_the_drawn_axis(small):
    goals = make(small)
    rows = begun(goals, small)
    pose = goals.table.object_pose[rows]
    turn = turn_between(pose, goals.pose)
    about = turn.gather(1, goals.kind[:, None])[:, 0]
    low, high = goals.skill.turn
    assert (about.abs() >= low - 1e-4).all()
    assert (about.abs() <= high + 1e-4).all()
    assert torch.allclose(about.abs(), torch.linalg.vector_norm(turn, dim=1), atol=1e-4)
    assert (about > 0).any()
    assert (about < 0).any()
    assert torch.equal(goals.pose[:, :3], pose[:, :3])
    assert set(goals.kind.tolist()) == {0, 1, 2}
    assert goals.kinds == ("x", "y", "z")


def test_fingers_that_go_to_the_goals_joints_touch_the_object_where_they_did(small):
    goals = make(small, "task.skill.turn=[0.1,0.1]")
    rows = begun(goals, small)
    table, kinematics = goals.table, goals.kinematics
    moment = Moment(table.object_pose[rows], table.joint_position[rows], table.joint_target[rows])
    goals.follow(moment)
    local = goals._contacts(moment)
    before = kinematics.points(moment.joint_position, goals.links, local)
    centre, touching = table.object_pose[rows, None, :3], table.touching[rows]
    on_object = rotate(table.object_pose[rows, None, 3:], table.point[rows])
    assert torch.allclose(before[touching], (centre + on_object)[touching], atol=1e-5)
    after = kinematics.points(goals.joints, goals.links, local)
    turn = from_rotation_vector(turn_between(table.object_pose[rows], goals.pose))
    wanted = centre + rotate(turn[:, None], before - centre)
    lower, upper = goals.limits
    inside = ((goals.joints > lower + 1e-4) & (goals.joints < upper - 1e-4)).all(dim=1)
    assert inside.float().mean() > 0.5
    moved = torch.linalg.vector_norm(wanted - before, dim=-1)[touching & inside[:, None]]
    left = torch.linalg.vector_norm(wanted - after, dim=-1)[touching & inside[:, None]]
    assert float(left.mean()) < 0.15 * float(moved.mean())
    squeeze = moment.joint_target - moment.joint_position
    held = (goals.joint_target > lower + 1e-4) & (goals.joint_target < upper - 1e-4)
    kept = (goals.joint_target - goals.joints - squeeze)[inside][held[inside]]
    assert float(kept.abs().max()) < 1e-5


def test_a_turn_that_would_lead_too_far_leads_back(small):
    goals = make(small, "task.skill.axes=[z]")
    rows = begun(goals, small)
    home = goals.table.object_pose[rows]
    for side in (1.0, -1.0):
        turned = from_rotation_vector(torch.tensor([0.0, 0.0, side * 0.25]).expand(COUNT, 3))
        pose = torch.cat((home[:, :3], multiply(turned, home[:, 3:])), dim=1)
        moment = Moment(pose, goals.joints.clone(), goals.joint_target.clone())
        goals.advance(torch.arange(COUNT), moment, uniform(2, 2))
        assert (side * turn_between(pose, goals.pose)[:, 2] < 0).all()  # 0.25 + 0.08 > 0.3


def test_a_goal_is_met_within_its_own_narrow_tolerance(small):
    goals = make(small)
    distance, angle = torch.full((COUNT,), 0.005), torch.full((COUNT,), 0.039)
    angle[0] = 0.041
    placed, _ = goals.met(distance, angle, torch.zeros_like(goals.joints))
    assert placed.tolist() == [False] + [True] * (COUNT - 1)

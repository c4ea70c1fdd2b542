"""Motions of free fingers: which fingers, where to, how fast, and when they are done."""

import dataclasses

import numpy as np
import pytest
import torch

from configs.schema.pipeline import Config
from configs.schema.skills import FreeFinger
from envs.goals.clearance import Clearance
from envs.goals.free_finger import FreeFingerGoals, minimum_jerk
from envs.goals.goals import Moment
from envs.goals.table import GraspTable
from envs.shapes.objects import PARKED
from models.kinematics import Kinematics
from tests.envs.goals.settings import configured, make_setting
from tests.small_world import SmallWorld, small_world

COUNT = 40


@pytest.fixture(scope="module")
def small() -> SmallWorld:
    return small_world("allegro")


def make(small: SmallWorld, *overrides: str) -> FreeFingerGoals:
    config = configured("task=free_finger", *overrides)
    table = GraspTable.join(small.grasps, [item.name for item in small.objects])
    setting = make_setting(config, table, COUNT, small.objects)
    return FreeFingerGoals(setting, skill_of(config))


def skill_of(config: Config) -> FreeFinger:
    assert isinstance(config.task.skill, FreeFinger)
    return config.task.skill


def begun(goals: FreeFingerGoals) -> torch.Tensor:
    """Begin an episode everywhere and return its grasps' rows."""
    draw = torch.Generator().manual_seed(0)
    first = torch.rand(COUNT, generator=draw)
    rows = goals.draw_start(goals.object_index, first)
    goals.start(torch.arange(COUNT), rows, torch.rand(COUNT, goals.draws, generator=draw))
    return rows


def test_a_motion_begins_and_ends_at_rest():
    share = minimum_jerk(torch.tensor([0.0, 0.25, 0.5, 1.0, 1.5]))
    # 10/64 - 15/256 + 6/1024 = 0.1035
    assert share.tolist() == pytest.approx([0.0, 0.103515625, 0.5, 1.0, 1.0])


def test_only_fingers_that_hold_nothing_move(small):
    goals = make(small, "task.skill.empty=0")
    rows = begun(goals)
    touching = goals.table.touching[rows]
    assert not touching.all(dim=1).any()
    moved = goals.moving.unflatten(1, (4, 4))
    assert torch.equal(moved.any(dim=2), moved.all(dim=2))  # whole fingers
    fingers = moved.any(dim=2)
    assert not (fingers & touching).any()
    assert set(fingers.sum(dim=1).tolist()) <= {1, 2}
    assert goals.counts.float().mean() > 0.8  # a way was found
    still = ~goals.moving
    assert torch.equal(goals.begin[still], goals.end[still])
    assert torch.equal(goals.pose, goals.table.object_pose[rows])


@pytest.mark.parametrize(("given", "speed"), [(0.6, 0.6), (2.0, 0.0416667 * 20)])
def test_motions_stay_within_reach_limits_and_speed(small, given, speed):
    """Nothing is asked for that actions cannot do, 0.0416667 rad in a step."""
    goals = make(small, f"task.skill.speed={given}")
    begun(goals)
    skill, joints = goals.skill, [goals.joints.clone()]
    lower, upper = goals.limits
    assert (goals.end >= lower - 1e-6)[goals.moving].all()
    assert (goals.end <= upper + 1e-6)[goals.moving].all()
    assert float((goals.end - goals.begin).abs().max()) <= skill.reach + 1e-6
    moment = Moment(goals.pose, goals.joints, goals.joint_target)
    for _ in range(int(goals.length.max())):
        goals.age += 1
        goals.follow(moment)
        joints.append(goals.joints.clone())
    steps = torch.stack(joints).diff(dim=0).abs()
    assert float(steps.max()) <= speed / 20.0 + 1e-5
    assert float(steps.max()) > 0.9 * speed / 20.0
    assert torch.allclose(goals.joints, goals.end, atol=1e-6)
    asked = goals.joint_target[goals.moving]
    assert torch.equal(asked, goals.joints[goals.moving])


def test_a_motion_is_followed_when_its_joints_end_where_it_does(small):
    goals = make(small)
    begun(goals)
    still = torch.zeros(COUNT)
    error = torch.where(goals.moving, 0.0, 0.5)  # of joints that are asked for nothing
    assert torch.equal(goals.tracking_error(error), torch.zeros_like(error))
    assert not goals.met(still, still, error)[1][goals.length > 0].any()  # it has just begun
    goals.age = goals.length.clone()
    placed, formed = goals.met(still, still, error)
    assert placed.all()
    assert formed.all()
    beside = torch.where(goals.moving, 0.11, 0.0)
    assert not goals.met(still, still, beside)[1][goals.moving.any(dim=1)].any()


def test_the_next_motion_begins_where_the_targets_are(small):
    goals = make(small)
    begun(goals)
    target = torch.clamp(goals.joint_target + 0.05, *goals.limits)
    draw = torch.rand(COUNT, goals.draws, generator=torch.Generator().manual_seed(1))
    goals.advance(torch.arange(COUNT), Moment(goals.pose.clone(), target, target), draw)
    assert torch.equal(goals.begin[goals.moving], target[goals.moving])
    assert goals.age.tolist() == [0] * COUNT
    assert torch.equal(goals.limit, goals.length + goals.timeout)


def test_in_an_empty_hand_every_finger_moves_and_the_object_lies_aside(small):
    goals = make(small, "task.skill.empty=0.5")
    rows = begun(goals)
    empty = goals.weight[:, 0] == 0.0
    assert 0.3 < float(empty.float().mean()) < 0.7
    assert goals.moving[empty & goals.counts].all()
    assert goals.pose[empty, :3].unique(dim=0).tolist() == [pytest.approx(PARKED)]
    assert torch.equal(goals.pose[~empty], goals.table.object_pose[rows][~empty])
    assert torch.equal(goals.kind, empty.long())


def test_an_object_that_takes_every_finger_is_left_aside(small):
    config = configured("task=free_finger", "task.skill.empty=0")
    table = GraspTable.join(small.grasps, [item.name for item in small.objects])
    touching = table.touching | (table.owner == 0)[:, None]  # all grasps of the box
    full = dataclasses.replace(table, touching=touching)
    setting = make_setting(config, full, COUNT, small.objects)
    goals = FreeFingerGoals(setting, skill_of(config))
    begun(goals)
    assert torch.equal(goals.weight[:, 0] == 0.0, goals.object_index == 0)


def test_clearance_by_hand(small):
    hand, item = small.config.hand, small.objects[0]  # a cube, half an edge is 2.75 cm
    kinematics = Kinematics(hand)
    clearance = Clearance(hand, kinematics, [item], 0.004)
    straight = np.array(hand.poses["open"])[None, None]  # [1, 1, n]
    tip = kinematics.tips(straight[0, 0])[1]  # of the middle finger, 1.2 cm thick
    scale, which = np.ones(1), np.zeros(1, dtype=int)

    def clear(gap: float, finger: int) -> bool:
        """Judge a finger with the cube beyond the middle one's tip, the gap apart from it."""
        pose = np.array([[*(tip + np.array([0.0, 0.0, 0.0275 + gap])), 1.0, 0.0, 0.0, 0.0]])
        moving = (np.arange(4) == finger)[None]
        return bool(clearance.clear(straight, moving, pose, which, scale)[0, 0])

    assert clear(0.017, 1)
    assert not clear(0.015, 1)  # 1.6 cm are asked for
    assert clear(0.015, 3)  # the thumb is elsewhere
    flexed = straight.copy()
    flexed[..., [1, 5]] = 1.57  # index and middle finger point away from the palm
    crossed = flexed.copy()
    crossed[..., 0], crossed[..., 4] = -0.47, 0.47  # and lean on each other
    aside, both = np.array([[*PARKED, 1.0, 0.0, 0.0, 0.0]]), np.array([[True, True, False, False]])
    assert clearance.clear(flexed, both, aside, which, scale).all()
    assert not clearance.clear(crossed, both, aside, which, scale).any()

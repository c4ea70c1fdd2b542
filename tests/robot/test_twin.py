"""The twin's world and its operator, on the tiny scenario."""

import numpy as np
import pytest

from configs.load import load
from configs.schema.robot import RobotConfig
from envs.shapes.objects import ObjectModel
from models.rotations import conjugate, multiply, rotate
from robot.hands.twin import Twin, Wrist
from robot.trials.trials import TwinStage, film_trial, hold_trials
from tests.tiny_bundle import SPHERE


def twin_of(*overrides):
    config = load(RobotConfig, overrides, root="robot_config")
    layout = config.embodiment.make_layout()
    twin = Twin(config.hand, layout, config.physics, config.robot.world, ObjectModel(SPHERE))
    return config, layout, twin


FAR = np.array([0.4, 0.4, 0.0, 1.0, 0.0, 0.0, 0.0])  # clear of the hand


@pytest.mark.parametrize("hand", ["allegro", "trident"])
def test_joints_follow_their_targets(hand):
    config, layout, twin = twin_of(f"hand={hand}")
    rest = np.array(config.hand.rest)
    twin.reset(rest, rest, FAR, np.random.default_rng(0))
    np.testing.assert_allclose(twin.read().position, rest, atol=1e-6)
    target = rest + 0.05 * np.linspace(0.2, 1, layout.num_joints)
    for _ in range(40):
        twin.write(target)
    # joint friction of 0.01 N m against kp 3 leaves at most 0.0033 rad
    np.testing.assert_allclose(twin.read().position, target, atol=0.005)
    assert twin.seconds == pytest.approx(40 / layout.control_hz)


def test_a_free_object_falls_along_the_turning_gravity():
    config, layout, twin = twin_of("hand=trident", "robot.world.wrist_speed=[0,0]")
    rest = np.array(config.hand.rest)
    twin.reset(rest, rest, FAR, np.random.default_rng(5))
    for _ in range(2):
        twin.write(rest)
    assert not twin.dropped(FAR)  # 5 cm
    for _ in range(2):
        twin.write(rest)
    fall = twin.object_pose()[:3] - FAR[:3]
    expected = 0.5 * config.physics.gravity * (4 / layout.control_hz) ** 2
    assert np.linalg.norm(fall) == pytest.approx(expected, rel=0.06)  # of semi-implicit steps
    assert twin.dropped(FAR)  # 20 cm


def test_gravity_turns_at_the_wrists_speed():
    wrist = Wrist(np.array([0.0, 0.0, -1.0]), np.array([1.0, 0.0, 0.0]), 0.5)
    # a quarter turn about x takes -z to +y
    np.testing.assert_allclose(wrist.direction(np.pi), [0, 1, 0], atol=1e-12)


def test_observation_noise_has_the_configured_deviation():
    config, _, twin = twin_of("hand=trident", "robot.world.observation_noise=0.02")
    rest = np.array(config.hand.rest)
    twin.reset(rest, rest, FAR, np.random.default_rng(0))
    readings = np.stack([twin.read().position for _ in range(500)])
    assert np.std(readings - rest) == pytest.approx(0.02, rel=0.05)


def test_a_state_that_blew_up_counts_as_dropped():
    config, _, twin = twin_of("hand=trident")
    rest = np.array(config.hand.rest)
    twin.reset(rest, rest, FAR, np.random.default_rng(0))
    assert not twin.diverged()
    twin.data.qvel[:] = 1e12
    twin.write(rest)
    assert twin.dropped(twin.object_pose())


@pytest.fixture
def stage(channel):
    config = channel.config()
    return TwinStage(config, channel.bundle)


def test_the_operator_goes_where_the_goal_is(channel):
    calm = TwinStage(channel.config("robot.operator.noise=0"), channel.bundle)
    operator, kinematics = calm.operator, calm.kinematics
    operator.reset(0, np.random.default_rng(1))
    pose, joints = calm.twin.object_pose(), calm.grasps.joint_position[0]
    wish = operator.command(joints, calm.grasps.joint_target[0]).values
    moved = kinematics.tips(joints + calm.layout.action_scale * wish) - kinematics.tips(joints)
    goal, arm = operator.goals.pose, kinematics.tips(joints) - pose[:3]
    turn = multiply(goal[3:], conjugate(pose[3:]))
    lacking = goal[:3] - pose[:3] + rotate(turn, arm) - arm
    assert (moved * lacking).sum() > 0.0  # the tips go as the object should


def test_noise_is_clipped(stage):
    operator, target = stage.operator, stage.grasps.joint_target[0]
    operator.reset(0, np.random.default_rng(1))
    commands = np.stack([operator.command(target, target).values for _ in range(100)])
    assert np.abs(commands).max() == 1.0  # noise of 2


def test_correlated_noise_has_its_deviation_and_time(channel):
    overrides = ("robot.operator.noise=0.6", "robot.operator.noise_time_s=0.5")
    stage = TwinStage(channel.config(*overrides), channel.bundle)
    draws = np.stack([stage.operator._draw() for _ in range(20000)])[200:]
    assert draws.std() == pytest.approx(0.6 / np.sqrt(3), rel=0.05)
    lag = round(0.5 * stage.layout.control_hz)
    correlation = (draws[lag:] * draws[:-lag]).mean() / draws.var()
    assert correlation == pytest.approx(np.exp(-1), abs=0.06)


def test_trials_are_paired_and_repeatable(stage, channel):
    direct, assisted = hold_trials(stage, False), hold_trials(stage, True)
    again = TwinStage(channel.config(), channel.bundle)
    assert hold_trials(again, True).seconds == assisted.seconds
    assert hold_trials(again, False).seconds == direct.seconds
    other = TwinStage(channel.config("seed=1"), channel.bundle)
    assert not np.array_equal(film_trial(other, False, 1.0), film_trial(stage, False, 1.0))
    # nothing holds the ball here: it falls out of reach in both variants
    assert direct.drops == assisted.drops == 2
    assert direct.hold_s == pytest.approx(direct.total_s / 2)
    # the same start and world: the first states agree until the first target takes effect
    films = [film_trial(stage, assisted, 0.2) for assisted in (False, True)]
    np.testing.assert_array_equal(films[0][0], films[1][0])
    assert not np.array_equal(films[0][-1], films[1][-1])

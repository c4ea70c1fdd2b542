import numpy as np
import pytest
import torch

from configs.schema.script import Script
from models.kinematics import Kinematics
from models.motion import apply_action
from models.script import Seen, carrying_action, straight_action


def test_fingers_start_and_arrive_together(body):
    layout, n = body.layout, body.layout.num_joints
    start = np.array(body.hand.rest)
    goal = start + np.linspace(0.02, 0.2, n)
    target, steps, progress = start, 0, []
    while np.abs(goal - target).max() > 1e-9:
        action = straight_action(layout, target, goal, rate=1.0)
        assert np.abs(action).max() <= 1.0
        target = apply_action(layout, target, target, action)
        progress.append((target - start) / (goal - start))
        steps += 1
        assert steps < 100
    assert steps == int(np.ceil(0.2 / layout.action_scale))
    assert np.ptp(np.array(progress), axis=1).max() < 1e-9  # one share of the way for all


def test_rate_limits_and_the_goal_is_rest(body):
    layout, n = body.layout, body.layout.num_joints
    start = np.array(body.hand.rest)
    np.testing.assert_allclose(straight_action(layout, start, start + 1.0, rate=0.25), 0.25)
    np.testing.assert_array_equal(straight_action(layout, start, start, rate=1.0), np.zeros(n))
    near = start + 0.1 * layout.action_scale  # nearer than one step of this rate: exactly there
    np.testing.assert_allclose(straight_action(layout, start, near, rate=0.25), 0.1)


def test_torch_alike(body):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 7, body.layout.num_joints))
    result = straight_action(body.layout, torch.as_tensor(a), torch.as_tensor(b), 0.5)
    np.testing.assert_allclose(result.numpy(), straight_action(body.layout, a, b, 0.5), atol=1e-14)


SCRIPT = Script(rate=0.1, gain=0.05, damping=1e-6)


def carry(body, offset, turn, touching=True, script=SCRIPT):
    """Return tips before and after the step that carries an object about the palm's middle."""
    kinematics, n = Kinematics(body.hand), body.layout.num_joints
    q = np.linspace(0.3, 0.7, n)[None]
    pose = np.array([[0.05, 0.0, 0.1, 1.0, 0.0, 0.0, 0.0]])
    held = np.full((1, body.layout.num_tips), touching)
    way = np.array([offset]), np.array([turn])
    action = carrying_action(kinematics, body.layout, script, Seen(q, q, q, held, pose, *way))
    after = q + body.layout.action_scale * action
    return action, kinematics.tips(q)[0], kinematics.tips(after)[0], pose[0, :3]


def test_tips_that_touch_go_a_share_of_the_objects_way(body):
    _, before, after, _ = carry(body, [0.002, 0.0, -0.001], [0.0, 0.0, 0.0])
    wanted = [[0.0001, 0.0, -0.00005]] * len(before)
    np.testing.assert_allclose(after - before, wanted, atol=3e-6)


def test_tips_that_touch_turn_with_the_object(body):
    _, before, after, centre = carry(body, [0.0, 0.0, 0.0], [0.0, 0.0, 0.1])
    around = np.cross([0.0, 0.0, 0.1], before - centre)  # of a small turn
    np.testing.assert_allclose(after - before, 0.05 * around, atol=5e-5)


def test_a_finger_that_does_not_touch_is_left_alone(body):
    action, *_ = carry(body, [0.01, 0.0, 0.0], [0.0, 0.0, 0.1], touching=False)
    np.testing.assert_array_equal(action, np.zeros_like(action))


def test_no_joint_takes_more_than_a_whole_action(body):
    far = carry(body, [0.5, 0.0, 0.0], [0.0, 0.0, 0.0])[0]
    assert np.abs(far).max() == pytest.approx(1.0)

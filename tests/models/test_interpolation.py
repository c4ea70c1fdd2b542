import numpy as np
import torch

from models.interpolation import scripted_action
from models.motion import apply_action


def test_fingers_start_and_arrive_together(body):
    layout, n = body.layout, body.layout.num_joints
    start = np.array(body.hand.rest)
    goal = start + np.linspace(0.02, 0.2, n)
    target, steps, progress = start, 0, []
    while np.abs(goal - target).max() > 1e-9:
        action = scripted_action(layout, target, goal, rate=1.0)
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
    np.testing.assert_allclose(scripted_action(layout, start, start + 1.0, rate=0.25), 0.25)
    np.testing.assert_array_equal(scripted_action(layout, start, start, rate=1.0), np.zeros(n))
    near = start + 0.1 * layout.action_scale  # nearer than one step of this rate: exactly there
    np.testing.assert_allclose(scripted_action(layout, start, near, rate=0.25), 0.1)


def test_torch_alike(body):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 7, body.layout.num_joints))
    result = scripted_action(body.layout, torch.as_tensor(a), torch.as_tensor(b), 0.5)
    np.testing.assert_allclose(result.numpy(), scripted_action(body.layout, a, b, 0.5), atol=1e-14)

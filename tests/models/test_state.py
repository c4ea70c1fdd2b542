import numpy as np
import torch

from models import state


def test_a_step_holds_what_it_says(body):
    n = body.layout.num_joints
    position, target = np.full((2, n), 0.1), np.full((2, n), 0.3)
    step = state.state_step(body.kinematics, position, target)
    assert step.shape == (2, body.layout.step_size)
    tips, first, second, error = state.split_step(body.layout, step)
    np.testing.assert_array_equal(tips, body.kinematics.tips(position))
    np.testing.assert_array_equal(first, position)
    np.testing.assert_array_equal(second, target)
    np.testing.assert_allclose(error, 0.2)


def test_start_repeats_and_push_drops_the_oldest():
    step = np.array([1.0, 2.0])
    history = state.start(step, 3)
    np.testing.assert_array_equal(history, [[1, 2], [1, 2], [1, 2]])
    history = state.push(history, np.array([3.0, 4.0]))
    history = state.push(history, np.array([5.0, 6.0]))
    np.testing.assert_array_equal(history, [[1, 2], [3, 4], [5, 6]])  # oldest first


def test_torch_alike(body):
    n = body.layout.num_joints
    q = np.random.default_rng(0).uniform(0, 0.3, (5, n))
    expected = state.push(
        state.start(state.state_step(body.kinematics, q, q + 0.1), 4),
        0 * q[0, 0] + state.state_step(body.kinematics, q + 0.2, q),
    )
    t = torch.as_tensor(q)
    result = state.push(
        state.start(state.state_step(body.kinematics, t, t + 0.1), 4),
        state.state_step(body.kinematics, t + 0.2, t),
    )
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-14)

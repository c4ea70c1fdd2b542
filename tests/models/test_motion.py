import numpy as np
import torch

from models import motion


def test_action_moves_the_target_by_the_scale(body):
    n, scale = body.layout.num_joints, body.layout.action_scale
    q = np.full(n, 0.3)
    action = np.linspace(-1.0, 1.0, n)
    expected = q + scale * action
    np.testing.assert_allclose(motion.apply_action(body.layout, q, q, action), expected)
    # more than 1 counts as 1
    np.testing.assert_allclose(motion.apply_action(body.layout, q, q, np.full(n, 9.0)), q + scale)


def test_target_stays_near_the_joint_and_inside_limits(body):
    layout = body.layout
    n = layout.num_joints
    lower, upper = np.array(layout.joint_lower), np.array(layout.joint_upper)
    middle = (lower + upper) / 2
    moved = motion.apply_action(layout, middle + 5.0, middle, np.zeros(n))
    np.testing.assert_allclose(moved, np.minimum(middle + layout.target_margin, upper))
    # a joint beyond its limit: the limit wins over the margin
    beyond = upper + layout.target_margin + 0.1
    np.testing.assert_allclose(motion.apply_action(layout, beyond, beyond, np.zeros(n)), upper)


def test_incremental_motion_by_hand(bodies):
    body = bodies["trident"]
    layout, n = body.layout, body.layout.num_joints
    q, action = np.zeros(n), np.zeros(n)
    action[layout.joint_names.index("left_distal")] = 1.0
    x = motion.incremental_motion(body.kinematics, layout, q, action)
    assert x.shape == layout.motion_shape
    tip = layout.keypoint_names.index("left_tip")
    for i in range(layout.horizon):
        a = (i + 1) * layout.action_scale  # the distal link, 0.026 long, turns about y
        expected = [0.026 * np.sin(a), 0.0, 0.026 * (np.cos(a) - 1)]
        np.testing.assert_allclose(x[i, tip], expected, atol=1e-15)
    others = [k for k in range(layout.num_keypoints) if k != tip]
    assert np.abs(x[:, others]).max() < 1e-15


def test_absolute_command_becomes_limited_motion(body):
    layout, n = body.layout, body.layout.num_joints
    q = np.array(body.hand.rest)
    far, near = q + 1.0, q + 0.5 * layout.action_scale
    np.testing.assert_array_equal(motion.action_towards(layout, q, far), np.ones(n))
    np.testing.assert_allclose(motion.action_towards(layout, q, near), np.full(n, 0.5))
    # far away, it is a full action kept up
    full = motion.incremental_motion(body.kinematics, layout, q, np.ones(n))
    result = motion.absolute_motion(body.kinematics, layout, q, q, far)
    np.testing.assert_allclose(result, full, atol=1e-15)
    # near by, it arrives in the first step and stays
    result = motion.absolute_motion(body.kinematics, layout, q, q, near)
    np.testing.assert_allclose(result[-1], result[0], atol=1e-15)
    assert np.abs(result[0]).max() > 0


def test_the_squeeze_of_a_grasp_is_no_motion(body):
    """Targets inside the object must not look like a command (measured: correlation -0.2)."""
    n = body.layout.num_joints
    position, target = np.array(body.hand.rest), np.array(body.hand.rest) + 0.2
    x = motion.absolute_motion(body.kinematics, body.layout, position, target, target)
    assert np.abs(x).max() == 0.0
    x = motion.incremental_motion(body.kinematics, body.layout, position, np.zeros(n))
    assert np.abs(x).max() == 0.0


def test_torch_alike(body):
    layout = body.layout
    rng = np.random.default_rng(0)
    q = rng.uniform(layout.joint_lower, layout.joint_upper, (6, layout.num_joints))
    target, action = q + rng.normal(scale=0.2, size=q.shape), rng.normal(size=q.shape)
    t, s, a = (torch.as_tensor(x) for x in (q, target, action))
    np.testing.assert_allclose(
        motion.apply_action(layout, s, t, a), motion.apply_action(layout, target, q, action)
    )
    for numpy_result, torch_result in (
        (
            motion.incremental_motion(body.kinematics, layout, q, action),
            motion.incremental_motion(body.kinematics, layout, t, a),
        ),
        (
            motion.absolute_motion(body.kinematics, layout, q, target, q),
            motion.absolute_motion(body.kinematics, layout, t, s, t),
        ),
    ):
        np.testing.assert_allclose(torch_result.numpy(), numpy_result, atol=1e-14)

"""Kinematics against numbers worked by hand, finite differences, and torch against numpy."""

import numpy as np
import pytest
import torch

from models.kinematics import Kinematics


def joints(body, count, seed=0):
    rng = np.random.default_rng(seed)
    layout = body.layout
    return rng.uniform(layout.joint_lower, layout.joint_upper, (count, layout.num_joints))


def test_trident_by_hand(bodies):
    body = bodies["trident"]
    n = body.layout.num_joints
    keypoints = body.kinematics.keypoints(np.zeros(n))
    # straight left finger: root, then 0.016 + 0.044 (+ 0.034 + 0.026) along +z
    np.testing.assert_allclose(keypoints[0], [0.0, 0.026, 0.060], atol=1e-12)
    np.testing.assert_allclose(keypoints[1], [0.0, 0.026, 0.120], atol=1e-12)
    q = np.zeros(n)
    q[body.layout.joint_names.index("left_proximal")] = np.pi / 2
    # a quarter turn about +y lays what follows the joint (0.104 to the tip) along +x
    tips = body.kinematics.tips(q)
    np.testing.assert_allclose(tips[0], [0.104, 0.026, 0.016], atol=1e-12)
    q = np.zeros(n)
    q[body.layout.joint_names.index("thumb_medial")] = np.pi / 2
    # the thumb is turned by half a turn about z, so it closes towards -x
    tips = body.kinematics.tips(q)
    np.testing.assert_allclose(tips[2], [0.085 - 0.060, 0.0, 0.060], atol=1e-12)


def test_allegro_by_hand(bodies):
    body = bodies["allegro"]
    q = np.zeros(body.layout.num_joints)
    tips = body.kinematics.tips(q)
    # middle finger straight up: 0.0007 + 0.0164 + 0.054 + 0.0384 + 0.0267
    np.testing.assert_allclose(tips[1], [0.0, 0.0, 0.1362], atol=1e-12)
    # the index finger leans outward by the published roll of -5 degrees
    length, lean = 0.1355, np.radians(5.0)
    expected = [0.0, 0.0435 + length * np.sin(lean), -0.001542 + length * np.cos(lean)]
    np.testing.assert_allclose(tips[0], expected, atol=1e-6)
    q[body.layout.joint_names.index("middle_distal")] = np.pi / 2
    expected = [0.0267, 0.0, 0.0007 + 0.0164 + 0.054 + 0.0384]
    np.testing.assert_allclose(body.kinematics.tips(q)[1], expected, atol=1e-12)


def test_jacobian_is_the_derivative(body):
    kinematics = body.kinematics
    q = joints(body, 4)
    links = np.arange(kinematics.num_joints)
    local = np.random.default_rng(1).normal(scale=0.03, size=(4, len(links), 3))
    jacobian = kinematics.point_jacobian(q, links, local)
    assert jacobian.shape == (4, len(links), 3, kinematics.num_joints)
    step = 1e-6
    for j in range(kinematics.num_joints):
        dq = np.zeros(kinematics.num_joints)
        dq[j] = step
        upper = kinematics.points(q + dq, links, local)
        lower = kinematics.points(q - dq, links, local)
        np.testing.assert_allclose(jacobian[..., j], (upper - lower) / (2 * step), atol=1e-8)


def test_torch_agrees_with_numpy(body):
    q = joints(body, 20).reshape(4, 5, -1)
    expected = body.kinematics.keypoints(q)
    assert expected.shape == (4, 5, body.layout.num_keypoints, 3)
    double = body.kinematics.keypoints(torch.as_tensor(q))
    np.testing.assert_allclose(double.numpy(), expected, atol=1e-14)
    single = body.kinematics.keypoints(torch.as_tensor(q, dtype=torch.float32))
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.numpy(), expected, atol=1e-6)
    single = body.kinematics.keypoints(q.astype(np.float32))
    assert single.dtype == np.float32


def test_gradient_flows(body):
    q = torch.as_tensor(joints(body, 1)[0]).requires_grad_()
    body.kinematics.tips(q)[0, 2].backward()
    links = np.array([capsule.link for capsule in body.kinematics.tip_capsules()])
    local = np.array([finger.tip.position for finger in body.hand.fingers])
    expected = body.kinematics.point_jacobian(q.detach().numpy(), links, local)[0, 2]
    assert q.grad is not None
    np.testing.assert_allclose(q.grad.numpy(), expected, atol=1e-10)


def test_tips_are_the_layouts_tips(body):
    q = joints(body, 2)
    tips = body.kinematics.keypoints(q)[:, list(body.layout.tip_indices)]
    np.testing.assert_array_equal(body.kinematics.tips(q), tips)


def test_tip_capsules_are_in_finger_order(body):
    capsules = body.kinematics.tip_capsules()
    assert len(capsules) == body.layout.num_tips
    first = body.hand.fingers[0]
    assert capsules[0].link == len(first.links) - 1
    assert np.ptp(capsules[0].ends[:, 2]) == pytest.approx(2 * first.tip.capsule.half_length)


def test_fingers_of_unequal_length(bodies):
    """A hand whose second finger lacks its last link: the chain must still be its own."""
    from configs.load import plain, validate
    from configs.schema.hand import Hand

    values = plain(bodies["trident"].hand)
    finger = values["fingers"][1]
    finger["links"] = finger["links"][:-1]
    finger["keypoints"] = [{"name": "tip", "link": "medial", "position": [0.0, 0.0, 0.034]}]
    lost = bodies["trident"].layout.joint_names.index("right_distal")
    values["rest"] = np.delete(values["rest"], lost).tolist()
    values["poses"] = {n: np.delete(pose, lost).tolist() for n, pose in values["poses"].items()}
    hand = validate(Hand, values, "test")
    full, short = bodies["trident"].kinematics, Kinematics(hand)
    q = joints(bodies["trident"], 1)[0]
    tips = short.tips(np.delete(q, lost))
    np.testing.assert_allclose(tips[[0, 2]], full.tips(q)[[0, 2]], atol=1e-12)
    # the shortened finger ends where the lost link began
    np.testing.assert_allclose(tips[1], full.frames(q)[lost, :3, 3], atol=1e-12)

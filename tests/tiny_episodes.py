"""Episodes that obey every rule of the layout, small and made from a seed."""

import numpy as np

from benchmarks.made_up_data import whole
from configs.layout import Layout

Episode = dict[str, np.ndarray]


def make_episode(layout: Layout, number: int, length: int = 40, dropped: bool = False) -> Episode:
    """Return one sound episode; joints stay inside their limits, quaternions are unit."""
    rng = np.random.default_rng([7, number])
    lower, upper = np.array(layout.joint_lower), np.array(layout.joint_upper)
    given = {"episode": number, "gravity": [0.0, 0.0, -9.81], "clean": 1}
    arrays = whole(layout, length, given)
    joints = (lower + (upper - lower) * rng.uniform(0.2, 0.8, (length, layout.num_joints))).astype(
        np.float32
    )
    for name in ("joint_position", "joint_observation", "joint_target"):
        arrays[name] = joints.copy()
    for name in ("command", "action"):
        arrays[name] = rng.uniform(-1, 1, joints.shape).astype(np.float32)
    arrays["keypoints"] = rng.uniform(-0.1, 0.1, arrays["keypoints"].shape).astype(np.float32)
    for name in ("object_pose", "goal_pose"):
        quaternion = rng.normal(size=(length, 4))
        quaternion /= np.linalg.norm(quaternion, axis=1, keepdims=True)
        arrays[name] = np.c_[rng.uniform(-0.1, 0.1, (length, 3)), quaternion].astype(np.float32)
    arrays["drop"][-1] = dropped
    return arrays

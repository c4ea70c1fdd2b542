"""What a command means: as a change of joint targets, and as motion of the keypoints.

An incremental command is an action a in [-1, 1]^n (policies); an absolute one is a joint target
(teleoperation). Keypoint motion x[i], i = 1..T, is the offset from now, in the hand frame [m].
It starts at the joints' positions, not at their targets: the targets of a grasp press into the
object, and FK(target) - FK(position) would mistake that squeeze for intended motion.
Numpy and torch arrays alike.
"""

from configs.layout import Layout
from models.arrays import Array, constant, namespace
from models.kinematics import Kinematics


def apply_action(layout: Layout, target: Array, position: Array, action: Array) -> Array:
    """Return the joint target [..., n] [rad] after one control step of `action`.

    The target moves by action_scale * a, stays within target_margin of the joint's position and,
    above all, inside the joint's limits.
    """
    xp = namespace(target)
    moved = target + layout.action_scale * xp.clip(action, -1.0, 1.0)
    margin = layout.target_margin
    near = xp.minimum(xp.maximum(moved, position - margin), position + margin)
    lower, upper = constant(layout.joint_lower, target), constant(layout.joint_upper, target)
    return xp.minimum(xp.maximum(near, lower), upper)


def incremental_motion(
    kinematics: Kinematics, layout: Layout, position: Array, action: Array
) -> Array:
    """Return the keypoint motion [..., T, K, 3] of an action that is kept for T steps."""
    step = layout.action_scale * namespace(action).clip(action, -1.0, 1.0)
    return _motion(kinematics, position, [i * step for i in range(1, layout.horizon + 1)])


def action_towards(layout: Layout, target: Array, desired: Array) -> Array:
    """Return the action [..., n] that brings the target as close to `desired` as one step can."""
    return namespace(target).clip((desired - target) / layout.action_scale, -1.0, 1.0)


def absolute_motion(
    kinematics: Kinematics, layout: Layout, position: Array, target: Array, desired: Array
) -> Array:
    """Return the keypoint motion [..., T, K, 3] while the target moves to `desired` and stays."""
    xp = namespace(target)
    reach = [i * layout.action_scale for i in range(1, layout.horizon + 1)]
    return _motion(kinematics, position, [xp.clip(desired - target, -r, r) for r in reach])


def _motion(kinematics: Kinematics, position: Array, offsets: list[Array]) -> Array:
    """Return FK(position + offset) - FK(position) for each offset, stacked."""
    xp = namespace(position)
    joints = xp.stack([position, *(position + offset for offset in offsets)], axis=-2)
    keypoints = kinematics.keypoints(joints)  # [..., 1 + T, K, 3]
    return keypoints[..., 1:, :, :] - keypoints[..., :1, :, :]

"""The scripted expert: fingers go to those of the goal grasp, and carry the object on.

    action = joints' way to the goal grasp + what the object still lacks, through the finger tips

The second part looks where the object is. Fingers give way and contacts roll, so joints that have
arrived seldom bring the object along. Numpy and torch arrays alike.
"""

import numpy as np

from configs.layout import Layout
from configs.schema.script import Script
from models import rotations
from models.arrays import Array, constant, namespace
from models.kinematics import Kinematics


def straight_action(layout: Layout, target: Array, goal_target: Array, rate: float) -> Array:
    """Return the action [..., n] in [-1, 1] towards the goal's joint targets.

    All joints share one rate, so that fingers start and arrive together: the joint with the
    longest way moves at `rate` (0, 1] of the greatest action.
    """
    xp = namespace(target)
    way = (goal_target - target) / layout.action_scale  # in steps of action 1
    longest = xp.amax(xp.abs(way), axis=-1, keepdims=True)
    return way * (rate / xp.clip(longest, rate, None))


def carrying_action(
    kinematics: Kinematics,
    layout: Layout,
    script: Script,
    joints: Array,
    touching: Array,
    pose: Array,
    way: tuple[Array, Array],
) -> Array:
    """Return the action [N, n] that takes the tips that touch along with the object.

    Tips move as points of the object would, a share `script.gain` of its way. No joint takes more
    than a whole action; then all take less.

    Args:
        joints: [N, n] rad. touching: [N, F] bool. pose: [N, 7] of the object.
        way: what it lacks, offset [N, 3] [m] and rotation vector [N, 3] [rad].
    """
    xp = namespace(joints)
    offset, turn = way
    arm = kinematics.tips(joints) - pose[:, None, :3]
    turned = rotations.rotate(rotations.from_rotation_vector(turn)[:, None], arm)
    lacking = (offset[:, None] + turned - arm) * touching[..., None]
    step = damped_step(kinematics.tip_jacobian(joints), script.gain * lacking, script.damping)
    action = step / layout.action_scale
    longest = xp.amax(xp.abs(action), axis=-1, keepdims=True)
    return action / xp.clip(longest, 1.0, None)


def damped_step(jacobian: Array, error: Array, damping: float) -> Array:
    """Return the sum over fingers of J^T (J J^T + damping^2 I)^-1 e, [M, n] [rad].

    Args: jacobian [M, F, 3, n] [m / rad] of a point of each finger, error [M, F, 3] [m] of it.
    """
    xp = namespace(jacobian)
    normal = xp.einsum("mfij,mfkj->mfik", jacobian, jacobian)
    normal = normal + constant(damping**2 * np.eye(3), jacobian)
    weights = xp.linalg.solve(normal, error[..., None])[..., 0]
    return xp.einsum("mfij,mfi->mj", jacobian, weights)

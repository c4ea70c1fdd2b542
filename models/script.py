"""The scripted expert: fingers go to those of the goal grasp, and carry the object on.

    action = joints' way to the goal grasp + what the object still lacks, through the finger tips

The second part looks where the object is. Fingers give way and contacts roll, so joints that have
arrived seldom bring the object along. Numpy and torch arrays alike.
"""

from dataclasses import dataclass

from configs.layout import Layout
from configs.schema.script import Script
from models import rotations
from models.arrays import Array, namespace
from models.kinematics import Kinematics, damped_step


@dataclass(frozen=True)
class Seen:
    """What the script sees of N hands, of one kind of array."""

    joints: Array  # [N, n] rad
    target: Array  # [N, n] rad
    goal_target: Array  # [N, n] rad, of the goal grasp
    touching: Array  # [N, F] bool, fingers that touch the object
    pose: Array  # [N, 7] of the object
    offset: Array  # [N, 3] m, what it lacks to its goal
    turn: Array  # [N, 3] rad, likewise, as a rotation vector


def straight_action(layout: Layout, target: Array, goal_target: Array, rate: float) -> Array:
    """Return the action [..., n] in [-1, 1] towards the goal's joint targets.

    All joints share one rate, so that fingers start and arrive together: the joint with the
    longest way moves at `rate` (0, 1] of the greatest action.
    """
    xp = namespace(target)
    way = (goal_target - target) / layout.action_scale  # in steps of action 1
    longest = xp.amax(xp.abs(way), axis=-1, keepdims=True)
    return way * (rate / xp.clip(longest, rate, None))


def scripted_action(kinematics: Kinematics, layout: Layout, script: Script, seen: Seen) -> Array:
    """Return the script's action [N, n] in [-1, 1]."""
    straight = straight_action(layout, seen.target, seen.goal_target, script.rate)
    if script.gain == 0.0:  # nobody looks at the object
        return straight
    return namespace(straight).clip(
        straight + carrying_action(kinematics, layout, script, seen), -1.0, 1.0
    )


def carrying_action(kinematics: Kinematics, layout: Layout, script: Script, seen: Seen) -> Array:
    """Return the action [N, n] that takes the tips that touch along with the object.

    Tips move as points of the object would, a share `script.gain` of its way. No joint takes more
    than a whole action; then all take less.
    """
    xp = namespace(seen.joints)
    arm = kinematics.tips(seen.joints) - seen.pose[:, None, :3]
    turned = rotations.rotate(rotations.from_rotation_vector(seen.turn)[:, None], arm)
    lacking = (seen.offset[:, None] + turned - arm) * seen.touching[..., None]
    jacobian = kinematics.tip_jacobian(seen.joints)
    action = damped_step(jacobian, script.gain * lacking, script.damping) / layout.action_scale
    longest = xp.amax(xp.abs(action), axis=-1, keepdims=True)
    return action / xp.clip(longest, 1.0, None)

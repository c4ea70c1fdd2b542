"""The scripted expert: move the joint targets straight to those of the goal grasp.

It knows nothing of the object; between neighbouring grasps it often suffices, and it is what the
learned experts correct and are compared with. Numpy and torch arrays alike.
"""

from configs.layout import Layout
from models.arrays import Array, namespace


def scripted_action(layout: Layout, target: Array, goal_target: Array, rate: float) -> Array:
    """Return the action [..., n] in [-1, 1] towards the goal's joint targets.

    All joints share one rate, so that fingers start and arrive together: the joint with the
    longest way moves at `rate` (0, 1] of the greatest action.
    """
    xp = namespace(target)
    way = (goal_target - target) / layout.action_scale  # in steps of action 1
    longest = xp.amax(xp.abs(way), axis=-1, keepdims=True)
    return way * (rate / xp.clip(longest, rate, None))

"""The controller's state: the last few steps of what the hand knows of itself.

One step is (fingertip positions [m], joint positions [rad], joint targets [rad], control error
= target - position [rad]), flattened; the paper stacks four (section "Models"). Numpy and torch
arrays alike.
"""

from configs.layout import Layout
from models.arrays import Array, namespace
from models.kinematics import Kinematics


def state_step(kinematics: Kinematics, position: Array, target: Array) -> Array:
    """Return one step [..., step_size] from joint positions and targets [..., n]."""
    return join_step(kinematics.tips(position), position, target)


def join_step(tips: Array, position: Array, target: Array) -> Array:
    """Return one step [..., step_size] where the tips [..., F, 3] of `position` are known."""
    flat = tips.reshape(*tips.shape[:-2], -1)
    parts = (flat, position, target, target - position)
    return namespace(position).concatenate(parts, axis=-1)


def start(step: Array, history: int) -> Array:
    """Return the history [..., H, S] at an episode's start: the first step, repeated."""
    return namespace(step).stack([step] * history, axis=-2)


def push(history: Array, step: Array) -> Array:
    """Return the history [..., H, S] with `step` [..., S] as the newest; the oldest is dropped."""
    parts = (history[..., 1:, :], step[..., None, :])
    return namespace(step).concatenate(parts, axis=-2)


def split_step(layout: Layout, step: Array) -> tuple[Array, Array, Array, Array]:
    """Return (tips [..., F, 3], position [..., n], target [..., n], error [..., n])."""
    n, flat = layout.num_joints, 3 * layout.num_tips
    tips = step[..., :flat].reshape(*step.shape[:-1], layout.num_tips, 3)
    position, target = step[..., flat : flat + n], step[..., flat + n : flat + 2 * n]
    return tips, position, target, step[..., flat + 2 * n : flat + 3 * n]

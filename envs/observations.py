"""What the networks of an expert see: the actor what a robot with a goal knows, the critic all.

The actor's proprioception is the controller's state (models/state.py): stacked, noisy. Its goal
is the way from the present state to the goal state (paper, appendix D): the object's translation
and rotation vector in the hand frame, and the joint differences to the goal grasp.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from configs.layout import Layout
from envs.engines.engine import PhysicsParameters, PhysicsState


@dataclass(frozen=True)
class GoalError:
    """The way from now to the goal; N environments, n joints."""

    offset: Tensor  # [N, 3] goal minus object position [m], hand frame
    rotation: Tensor  # [N, 3] rotation vector [rad], hand frame
    joint_position: Tensor  # [N, n] goal grasp minus observed position [rad]
    joint_target: Tensor  # [N, n] goal grasp's target minus present target [rad]


def actor_observation(history: Tensor, goal: GoalError) -> Tensor:
    """Return [N, H * S + 6 + 2 n] from the observed history [N, H, S] and the goal."""
    parts = (history.flatten(1), goal.offset, goal.rotation, goal.joint_position, goal.joint_target)
    return torch.cat(parts, dim=-1)


def actor_size(layout: Layout) -> int:
    """Return how many numbers that is."""
    return layout.state_size + 6 + 2 * layout.num_joints


def critic_observation(
    actor: Tensor,
    physics: PhysicsState,
    parameters: PhysicsParameters,
    gravity: Tensor,
    force: Tensor,
    time_left: Tensor,
    bias: Tensor,
    shape: Tensor,
) -> Tensor:
    """Return the actor's view and all that it does not see; the physics' parts in their order.

    Args:
        gravity: [N, 3] [m/s^2]. force: [N, 3] [N], the random push.
        time_left: [N, 3] share that is left of the goal's time, of the episode's, and of the time
            that the object must stay at the goal.
        bias: [N, n] [rad], the constant part of the joint readings' error.
        shape: [N, 1 + O] factor on the object's lengths, and which of O objects it is, one-hot.
    """
    seen = [value for name, value in physics.tensors().items() if name != "diverged"]
    drawn = torch.stack(list(vars(parameters).values()), dim=-1)  # [N, 4]
    return torch.cat((actor, *seen, gravity, force, drawn, time_left, bias, shape), dim=-1)

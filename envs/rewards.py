"""The reward (paper, appendix B), as pure functions; [N] each.

    r = w_goal r_goal + w_style r_style + w_reg r_reg
    r_goal  = exp(-a_pos |p - p*|^2 - a_orn angle(R, R*)) - a_hand |q - q*|^2 + a_bonus 1[reached]
              - tracking |q - q*|^2 over joints that follow a motion
              + precision exp(-angle(R, R*) / precision_angle)
    r_style = -sum_i a_i |tip velocity_i|
    r_reg   = -a_work |qdot . tau| - a_action |a|^2 - a_tau |tau|^2

A style multiplies w_style and w_reg (appendix C). The last two terms of r_goal are ours: of free
fingers and of fine rotations, 0 elsewhere. A drop adds a penalty of its own (ours).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from configs.schema.task import RewardWeights, Style


@dataclass(frozen=True)
class Transition:
    """What one control step is judged by, after it has been made."""

    offset: Tensor  # [N, 3] goal minus object position [m]
    angle: Tensor  # [N] between goal's and object's orientation [rad]
    joint_error: Tensor  # [N, n] goal's minus present joint position [rad]
    tracking_error: Tensor  # [N, n] the same where a joint follows a motion, 0 elsewhere [rad]
    reached: Tensor  # [N] bool
    dropped: Tensor  # [N] bool
    tip_velocity: Tensor  # [N, F, 3] mean over the control step [m/s]
    joint_velocity: Tensor  # [N, n] [rad/s]
    torque: Tensor  # [N, n] [N m]
    action: Tensor  # [N, n] as executed


def goal_reward(weights: RewardWeights, step: Transition) -> Tensor:
    closeness = torch.exp(
        -weights.position * square(step.offset) - weights.orientation * step.angle
    )
    own = closeness - weights.hand * square(step.joint_error) + weights.bonus * step.reached
    return own + tracking_reward(weights, step) + precision_reward(weights, step)


def tracking_reward(weights: RewardWeights, step: Transition) -> Tensor:
    return -weights.tracking * square(step.tracking_error)


def precision_reward(weights: RewardWeights, step: Transition) -> Tensor:
    return weights.precision * torch.exp(-step.angle / weights.precision_angle)


def style_reward(weights: RewardWeights, step: Transition) -> Tensor:
    return -weights.tip_speed * torch.sqrt(square(step.tip_velocity)).sum(dim=-1)


def regularization_reward(weights: RewardWeights, step: Transition) -> Tensor:
    power = (step.joint_velocity * step.torque).sum(dim=-1).abs()
    return -(
        weights.work * power
        + weights.action * square(step.action)
        + weights.torque * square(step.torque)
    )


def reward_terms(weights: RewardWeights, style: Style, step: Transition) -> dict[str, Tensor]:
    """Return the weighted parts [N] by name; the reward is their sum."""
    return {
        "goal": weights.goal * goal_reward(weights, step),
        "style": weights.style * style.style_factor * style_reward(weights, step),
        "regularization": weights.regularization
        * style.regularization_factor
        * regularization_reward(weights, step),
        "drop": weights.drop * step.dropped,
    }


def square(v: Tensor) -> Tensor:
    """Return the squared length of the last axis."""
    return (v * v).sum(dim=-1)

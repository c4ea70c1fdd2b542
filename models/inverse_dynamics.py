"""Inverse dynamics: which action moves the keypoints like this (section III-C of the paper)."""

import math

import torch
from torch import Tensor, nn

from configs.layout import Layout
from configs.schema.train import InverseDynamicsConfig
from models.layers import layer


class ResidualBlock(nn.Module):
    def __init__(self, hidden: int, groups: int):
        super().__init__()
        self.layers = nn.Sequential(layer(hidden, hidden, groups), nn.Linear(hidden, hidden))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class InverseDynamics(nn.Module):
    """A residual MLP from (history, keypoint motion) to a normal distribution over the action."""

    def __init__(self, layout: Layout, config: InverseDynamicsConfig):
        super().__init__()
        inputs = layout.state_size + math.prod(layout.motion_shape)
        self.input = nn.Linear(inputs, config.hidden)
        self.blocks = nn.Sequential(
            *(ResidualBlock(config.hidden, config.groups) for _ in range(config.blocks))
        )
        self.mean = nn.Linear(config.hidden, layout.num_joints)
        self.log_std = nn.Linear(config.hidden, layout.num_joints)

    def forward(self, history: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log std [B, n] for history [B, H, S] and motion [B, T, K, 3], scaled."""
        features = self.blocks(self.input(torch.cat([history.flatten(1), motion.flatten(1)], -1)))
        # The spread is read off the features and does not shape them: the mean is fitted by MSE.
        return self.mean(features), self.log_std(features.detach())


def regression_losses(mean: Tensor, log_std: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
    """Return (MSE of the mean, negative log likelihood that trains `log_std` alone)."""
    error = (action - mean).square()
    likelihood = 0.5 * error.detach() * (-2 * log_std).exp() + log_std
    return error.mean(), likelihood.mean()

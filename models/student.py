"""The student: what does the operator mean by this command?

It sees proprioception and the command's history (models/memory.py) and answers with the action
that a clean expert would take in its place. It was distilled from experts that see the object
and the goal, under many kinds of spoilt commands (tasks/distillation/).

Most commands are nearly what was meant. So the network does not say the action alone, but also,
joint by joint, how far to depart from the command:

    action = command + departure * (guess - command), departure in [0, 1]

A calm command can then pass whole; a network that has to say every action again shrinks it.

A command of a kind that nobody taught is read as one that it resembles, which may be wrong. So the
student also says how unlike its lessons a moment is: the squared Mahalanobis distance of its
features from those of the lessons, a number of 1 on average there.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from configs.layout import Layout
from configs.schema.student import Doubt, StudentNetwork
from models.memory import CommandMemory

WAY = 10.0  # [steps of action 1] unit in which the way to the goal is learnt


class Reading(NamedTuple):
    """What a command is taken to mean, B hands."""

    action: Tensor  # [B, n] in [-1, 1]
    trust: Tensor  # [B] in [0, 1]: 1 where the moment is like the lessons, 0 where it is not


class Student(nn.Module):
    """An MLP with three heads over what is remembered, and the statistics of its lessons."""

    middle: Tensor  # [width] mean of the lessons' features
    whiten: Tensor  # [width, width] turns their covariance into the unit matrix
    believed: Tensor  # [2] distances up to which it is believed, and from which it is not

    def __init__(self, layout: Layout, config: StudentNetwork):
        super().__init__()
        self.layout, self.config = layout, config
        self.memory = CommandMemory(layout, config.memory)
        width = self.memory.width
        self.features = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(a, b), nn.ELU())
                for a, b in pairwise([width, *config.hidden])
            )
        )
        self.guess = nn.Linear(config.hidden[-1], layout.num_joints)
        self.departure = nn.Linear(config.hidden[-1], layout.num_joints)
        self.way = nn.Linear(config.hidden[-1], layout.num_joints)
        # NaN marks missing statistics: nobody is believed by accident.
        self.register_buffer("middle", torch.full((width,), torch.nan))
        self.register_buffer("whiten", torch.full((width, width), torch.nan))
        self.register_buffer("believed", torch.full((2,), torch.nan))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the action [B, n] and the way to the goal's targets [B, n], of features
        [B, width]; the way is in steps of action 1, divided by WAY."""
        hidden = self.features(features)
        command = self.memory.command(features)
        departure = torch.sigmoid(self.departure(hidden))
        action = command + departure * (self.guess(hidden) - command)
        return action, self.way(hidden)

    def act(self, features: Tensor) -> Tensor:
        """Return the action [B, n] in [-1, 1] that the features [B, width] are read as."""
        return self(features)[0].clamp(-1.0, 1.0)

    def read(self, features: Tensor) -> Reading:
        """Return what a command means, and how far that is to be believed."""
        first, last = self.believed.unbind()
        trust = ((last - self.distance(features)) / (last - first)).clamp(0.0, 1.0)
        return Reading(self.act(features), trust)

    def distance(self, features: Tensor) -> Tensor:
        """Return how unlike the lessons features [B, width] are [B]; 1 on average there."""
        return ((features - self.middle) @ self.whiten).square().mean(dim=1)

    def remember(self, features: Tensor, doubt: Doubt) -> None:
        """Take the statistics of lessons [R, width]."""
        middle = features.mean(0)
        covariance = torch.cov(features.T.double()) + doubt.floor * torch.eye(features.shape[1])
        self.middle.copy_(middle)
        self.whiten.copy_(torch.linalg.cholesky(torch.linalg.inv(covariance)))
        limits = torch.tensor([doubt.first, doubt.last])
        self.believed.copy_(torch.quantile(self.distance(features), limits))

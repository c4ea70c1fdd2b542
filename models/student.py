"""The student: what does the operator mean by this command?

It sees proprioception and the command's history (models/memory.py) and answers with the action
that a clean expert would take in its place. It was distilled from experts that see the object
and the goal, under many kinds of spoilt commands (tasks/distillation/).

Several networks are trained side by side on the same lessons, each from weights of its own. Where
lessons were many they agree; where they disagree, the command is of a kind that nobody taught.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from configs.layout import Layout
from configs.schema.student import StudentNetwork
from models.memory import CommandMemory

WAY = 10.0  # [steps of action 1] unit in which the way to the goal is learnt


class Reading(NamedTuple):
    """What a command is taken to mean, B hands."""

    action: Tensor  # [B, n] in [-1, 1]
    doubt: Tensor  # [B] rms disagreement of the members about the action


class Student(nn.Module):
    """Members of an ensemble over one memory; each is an MLP with two heads."""

    believed: Tensor  # [2]

    def __init__(self, layout: Layout, config: StudentNetwork):
        super().__init__()
        self.layout, self.config = layout, config
        self.memory = CommandMemory(layout, config.memory)
        # Doubt up to which the student is believed, and from which it is not: set from lessons.
        self.register_buffer("believed", torch.tensor([torch.nan, torch.nan]))
        self.layers = nn.ModuleList(
            EnsembleLinear(config.members, a, b)
            for a, b in pairwise([self.memory.width, *config.hidden, 2 * layout.num_joints])
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return each member's action [E, B, n] and way to the goal's targets [E, B, n].

        `features` are [B, width], the same for all, or [E, B, width]. The way is in steps of
        action 1, divided by WAY.
        """
        x = features.expand(self.config.members, *features.shape[-2:])
        for layer in self.layers[:-1]:
            x = nn.functional.elu(layer(x))
        action, way = self.layers[-1](x).chunk(2, dim=-1)
        return action, way

    def read(self, features: Tensor) -> Reading:
        """Return what the command means, for features [B, width]."""
        actions = self.forward(features)[0].clamp(-1.0, 1.0)
        mean = actions.mean(0)
        return Reading(mean, (actions - mean).square().mean((0, 2)).sqrt())

    def trust(self, doubt: Tensor) -> Tensor:
        """Return how far a reading is believed [B], for its doubt [B]."""
        first, last = self.believed.unbind()
        return ((last - doubt) / (last - first)).clamp(0.0, 1.0)


class EnsembleLinear(nn.Module):
    """E linear layers side by side: [E, B, in] -> [E, B, out]."""

    def __init__(self, members: int, inputs: int, outputs: int):
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(members, 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)

"""The layer that every network here is built of: fully connected, GroupNorm, SiLU."""

import torch
from torch import Tensor, nn


class GroupNorm(nn.Module):
    """GroupNorm over features [B, C], as torch's, in operators that a graph runs fast.

    Torch's own exports as an instance norm between reshapes that look up their shapes at run
    time; one layer norm over each group is the same formula.
    """

    def __init__(self, groups: int, features: int):
        super().__init__()
        self.shape = (-1, groups, features // groups)
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        grouped = nn.functional.layer_norm(x.reshape(self.shape), self.shape[2:])
        return grouped.reshape(-1, len(self.bias)) * self.weight + self.bias


def layer(inputs: int, outputs: int, groups: int) -> nn.Sequential:
    """Return a fully connected layer with GroupNorm after it (appendix F of the paper)."""
    return nn.Sequential(nn.Linear(inputs, outputs), GroupNorm(groups, outputs), nn.SiLU())

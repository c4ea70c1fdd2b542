"""The risk critic: how likely is a drop soon, if this is what the hand is told now.

    history, action ---> P(the object is dropped within `horizon_s`)

A motion prior cannot tell a harmful command from a rare one: letting go is a legitimate motion, and
a small wrong step a tick adds up. The critic learns from rollouts that keep their drops.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from configs.layout import Layout
from configs.schema.critic import CriticNetwork
from models.normalizer import Normalizer


class Critic(nn.Module):
    """An MLP over the standardised history and an action."""

    gains: Tensor  # [G] descending from 1 to 0

    def __init__(self, layout: Layout, config: CriticNetwork):
        super().__init__()
        self.layout, self.config = layout, config
        self.normalizer = Normalizer(layout)
        widths = [layout.state_size + layout.num_joints] + [config.hidden] * config.layers
        self.features = nn.Sequential(
            *(nn.Sequential(nn.Linear(a, b), nn.SiLU()) for a, b in pairwise(widths))
        )
        self.output = nn.Linear(config.hidden, 1)
        self.register_buffer("gains", torch.tensor(config.gains), persistent=False)

    def logit(self, state: Tensor, action: Tensor) -> Tensor:
        """Return the log odds [B] for a standardised history [B, H * S] and action [B, n]."""
        return self.output(self.features(torch.cat([state, action], dim=-1)))[..., 0]

    def loss(self, history: Tensor, action: Tensor, soon: Tensor, jitter: Tensor) -> Tensor:
        """Return the cross entropy to what came: `soon` [B] is 1 where a drop came in time.

        `jitter` is added to the standardised history [B, H, S].
        """
        state = (self.normalizer.history(history) + jitter).flatten(1)
        return nn.functional.binary_cross_entropy_with_logits(self.logit(state, action), soon)

    def risks(self, history: Tensor, action: Tensor) -> Tensor:
        """Return the risk [B, G] of an action [B, n] scaled by each gain, for history [B, H, S]."""
        state = self.normalizer.history(history).flatten(1)[:, None]
        scaled = action[:, None] * self.gains[:, None]  # [B, G, n]
        return torch.sigmoid(self.logit(state.expand(-1, len(self.gains), -1), scaled))

    def gain(self, history: Tensor, action: Tensor, caution: Tensor) -> Tensor:
        """Return how far an action may be followed [B]: the greatest gain that is safe enough.

        `caution` [B] is the greatest risk that is taken beyond that of holding still; at 1 every
        action is followed. What is risky whatever one does does not stop a command: it may be the
        very one that helps.
        """
        risks = self.risks(history, action)
        safe = risks - risks[:, -1:] <= caution[:, None]
        # The last gain is 0 and always allowed. argmax finds the first, which is the greatest.
        allowed = torch.cat([safe[:, :-1], torch.ones_like(safe[:, -1:])], dim=1)
        return self.gains[allowed.to(torch.int64).argmax(dim=1)]

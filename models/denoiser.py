"""The denoiser: a fully connected U-Net under FiLM (figure 10 and appendix F of the paper).

    history [B, H*S] -> state encoder -\\
    mode [B]         -> mode encoder ---+-> FiLM of every block <- embedding of the noise level
                                        |
    motion [B, T*K*3] -> input -> blocks down -> middle block -> blocks up -> output [B, T*K*3]
                                       \\------- concatenated skips ------/

The paper puts FiLM "in the middle layers"; here it stands in the middle of every block, between
the block's two layers. FiLM is linear in its two sources, condition and noise level, so each
part can be evaluated once and added: the first once a call, the second once a model.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from configs.layout import Layout
from configs.schema.train import DenoiserConfig
from models.layers import layer


class FilmBlock(nn.Module):
    """Two layers with FiLM between them and a residual connection."""

    def __init__(self, inputs: int, hidden: int, groups: int):
        super().__init__()
        self.first = layer(inputs, hidden, groups)
        self.second = layer(hidden, hidden, groups)
        self.residual = nn.Identity() if inputs == hidden else nn.Linear(inputs, hidden)

    def forward(self, x: Tensor, film: Tensor) -> Tensor:
        """Map x [B, inputs] under film [B, 2 hidden] = (scale, shift) to [B, hidden]."""
        scale, shift = film.chunk(2, dim=-1)
        return self.second(self.first(x) * (1 + scale) + shift) + self.residual(x)


class Denoiser(nn.Module):
    """See through the noise in a keypoint motion, given history, mode and noise level.

    What it puts out, noise or velocity, is `prediction` of the controller (models/diffusion.py).
    """

    frequencies: Tensor

    def __init__(self, layout: Layout, config: DenoiserConfig, diffusion_steps: int):
        super().__init__()
        hidden, groups = config.hidden, config.groups
        self.motion_shape = layout.motion_shape
        motion_size = math.prod(layout.motion_shape)
        widths = [layout.state_size] + [config.encoder_hidden] * config.encoder_layers
        self.state = nn.Sequential(*(layer(a, b, groups) for a, b in pairwise(widths)))
        self.mode = nn.Embedding(len(layout.modes), config.mode_features)
        self.time = nn.Sequential(
            nn.Linear(config.time_features, config.time_features),
            nn.SiLU(),
            nn.Linear(config.time_features, config.time_features),
        )
        # of periods that reach from a few noise levels to all of them
        share = torch.linspace(0, 1, config.time_features // 2)
        self.register_buffer("frequencies", torch.pi / diffusion_steps**share)
        self.film_blocks = 2 * config.blocks + 1
        condition = config.encoder_hidden + config.mode_features
        self.film_condition = nn.Linear(condition, self.film_blocks * 2 * hidden)
        self.film_time = nn.Linear(config.time_features, self.film_blocks * 2 * hidden, bias=False)
        self.input = nn.Linear(motion_size, hidden)
        self.down = nn.ModuleList(FilmBlock(hidden, hidden, groups) for _ in range(config.blocks))
        self.middle = FilmBlock(hidden, hidden, groups)
        self.up = nn.ModuleList(FilmBlock(2 * hidden, hidden, groups) for _ in range(config.blocks))
        self.output = nn.Linear(hidden, motion_size)
        nn.init.zeros_(self.output.weight)  # training starts from 0, at a loss of about 1
        nn.init.zeros_(self.output.bias)

    def condition(self, history: Tensor, mode: Tensor) -> Tensor:
        """Return the part of every FiLM [B, F] that history [B, H, S] and mode [B] decide."""
        state = self.state(history.flatten(1))
        features = torch.cat([state, self.mode(mode)], dim=-1)
        return self.film_condition(nn.functional.silu(features))

    def level(self, timestep: Tensor) -> Tensor:
        """Return the part of every FiLM [B, F] that the noise level [B] decides."""
        angles = timestep[:, None].float() * self.frequencies
        embedding = self.time(torch.cat([angles.sin(), angles.cos()], dim=-1))
        return self.film_time(nn.functional.silu(embedding))

    def forward(self, motion: Tensor, film: Tensor) -> Tensor:
        """Return the prediction at x_t `motion` [B, T, K, 3]; film [B, F] = condition + level."""
        films = film.chunk(self.film_blocks, dim=-1)
        x = self.input(motion.flatten(1))
        skips = []
        for index, block in enumerate(self.down):
            x = block(x, films[index])
            skips.append(x)
        x = self.middle(x, films[len(skips)])
        for index, block in enumerate(self.up, start=len(skips) + 1):
            x = block(torch.cat([x, skips.pop()], dim=-1), films[index])
        return self.output(x).reshape(-1, *self.motion_shape)

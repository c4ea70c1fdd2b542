"""The U-Net's parts: what conditions it, and that it can be evaluated in parts."""

import numpy as np
import pytest
import torch

from configs.schema.train import DenoiserConfig
from models.denoiser import Denoiser
from models.layers import GroupNorm

CONFIG = DenoiserConfig(
    hidden=16,
    blocks=2,
    encoder_hidden=24,
    encoder_layers=3,
    mode_features=4,
    time_features=8,
    groups=8,
)


@pytest.fixture
def denoiser(body):
    torch.manual_seed(0)
    denoiser = Denoiser(body.layout, CONFIG, 100)
    torch.nn.init.normal_(denoiser.output.weight)  # it starts from 0, which tells nothing
    return denoiser


@pytest.fixture
def inputs(body):
    torch.manual_seed(1)
    layout = body.layout
    return torch.randn(3, layout.history, layout.step_size), torch.randn(3, *layout.motion_shape)


def test_group_norm_is_torchs():
    torch.manual_seed(0)
    ours, reference, x = GroupNorm(8, 32), torch.nn.GroupNorm(8, 32), torch.randn(5, 32)
    with torch.no_grad():
        ours.weight.normal_()
        ours.bias.normal_()
    reference.load_state_dict(ours.state_dict())
    np.testing.assert_allclose(ours(x).detach(), reference(x).detach(), atol=1e-6)


def test_state_mode_and_level_each_matter(denoiser, inputs, body):
    history, motion = inputs
    mode, level = torch.zeros(3, dtype=torch.int64), torch.full((3,), 50)

    def predict(history, mode, level):
        return denoiser(motion, denoiser.condition(history, mode) + denoiser.level(level))

    base = predict(history, mode, level)
    assert base.shape == (3, *body.layout.motion_shape)
    assert not torch.allclose(base, predict(history + 1, mode, level), atol=1e-3)
    assert not torch.allclose(base, predict(history, mode + 1, level), atol=1e-3)
    assert not torch.allclose(base, predict(history, mode, level + 1), atol=1e-3)
    oldest = history.clone()
    oldest[:, 0] += 1  # every step of the history is seen
    assert not torch.allclose(base, predict(oldest, mode, level), atol=1e-3)


def test_samples_of_a_batch_do_not_mix(denoiser, inputs):
    history, motion = inputs
    mode, level = torch.tensor([0, 1, 0]), torch.tensor([0, 99, 40])
    together = denoiser(motion, denoiser.condition(history, mode) + denoiser.level(level))
    for i in range(3):
        film = denoiser.condition(history[i : i + 1], mode[i : i + 1])
        alone = denoiser(motion[i : i + 1], film + denoiser.level(level[i : i + 1]))
        np.testing.assert_allclose(together[i].detach(), alone[0].detach(), atol=1e-3)


def test_levels_are_told_apart(denoiser):
    with torch.no_grad():
        levels = denoiser.level(torch.arange(100))
    distance = torch.cdist(levels, levels) + 1e3 * torch.eye(100)
    assert distance.min() > 1e-3

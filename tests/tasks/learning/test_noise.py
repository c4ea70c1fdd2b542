"""The noise of batches depends on seed, number and rank alone."""

from dataclasses import replace

import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from tasks.learning.buffers import ALONE, Rank
from tasks.learning.train import BatchNoise, draw_noise

CONFIG = load(Config, ["train.batch=1000", "train.controller.diffusion_steps=5"])
LAYOUT = CONFIG.embodiment.make_layout()


def noise_of(jitter: float = 0.0, index: int = 0, rank: Rank = ALONE) -> BatchNoise:
    return draw_noise(LAYOUT, replace(CONFIG.train, history_noise=jitter), 0, index, rank)


def test_every_noise_level_is_drawn_equally_often():
    counts = torch.bincount(noise_of().level, minlength=5)
    assert len(counts) == 5
    assert (counts - 200).abs().max() < 5 * 13  # five standard deviations of a binomial count


def test_jitter_has_the_asked_for_spread_and_is_drawn_for_each_network():
    noise = noise_of(jitter=0.3)
    for jitter in (noise.prior, noise.inverse):
        assert jitter.shape == (1000, LAYOUT.history, LAYOUT.step_size)
        assert float(jitter.std()) == pytest.approx(0.3, rel=0.02)
    assert not torch.equal(noise.prior, noise.inverse)
    noise = noise_of()
    assert not noise.prior.any()
    assert not noise.inverse.any()


def test_ranks_draw_their_own_noise_and_the_first_that_of_one_alone():
    alone = noise_of(0.3, 3)
    first, second = (noise_of(0.3, 3, Rank(r, 2)) for r in range(2))
    assert torch.equal(first.motion, alone.motion)
    assert not torch.equal(first.motion, second.motion)
    assert not torch.equal(first.level, second.level)

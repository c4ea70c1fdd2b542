"""The noise of batches depends on seed, number and rank alone."""

import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from models.kinematics import Kinematics
from tasks.learning.batches import Batches
from tasks.learning.buffers import ALONE, Rank, in_one_buffer
from tasks.learning.data import window_stream
from tasks.learning.windows import read_frames, window_rows
from tests.tasks.synthetic_episodes import write_dataset


@pytest.fixture(scope="module")
def make_batches(tmp_path_factory):
    """Return a function that makes batches of 1000 windows over a small dataset."""
    config = load(Config, [])
    layout = config.embodiment.make_layout()
    folder = write_dataset(tmp_path_factory.mktemp("data") / "d", config.embodiment, 4, 20)
    frames = read_frames(folder, layout, Kinematics(config.hand), 1000)
    rows = window_rows(frames, torch.ones(len(frames), dtype=torch.bool), layout.horizon)

    def make(levels: int, jitter: float, rank: Rank = ALONE) -> Batches:
        prior, inverse = (
            window_stream(in_one_buffer(frames, rows, 0, s, rank), layout) for s in range(2)
        )
        sizes = {"size": 1000, "levels": levels, "jitter": jitter, "seed": 0}
        return Batches(prior=prior, inverse=inverse, layout=layout, **sizes, rank=rank)

    return make


def test_every_noise_level_is_drawn_equally_often(make_batches):
    levels = make_batches(5, 0.0).draw(0).level
    counts = torch.bincount(levels, minlength=5)
    assert len(counts) == 5
    assert (counts - 200).abs().max() < 5 * 13  # five standard deviations of a binomial count


def test_jitter_has_the_asked_for_spread_and_is_drawn_for_each_network(make_batches):
    batch = make_batches(5, 0.3).draw(0)
    for jitter in (batch.prior_jitter, batch.inverse_jitter):
        assert jitter.shape == batch.prior.history.shape
        assert float(jitter.std()) == pytest.approx(0.3, rel=0.02)
    assert not torch.equal(batch.prior_jitter, batch.inverse_jitter)
    batch = make_batches(5, 0.0).draw(0)
    assert not batch.prior_jitter.any()
    assert not batch.inverse_jitter.any()


def test_ranks_draw_their_own_noise_and_the_first_that_of_one_alone(make_batches):
    alone = make_batches(5, 0.3).draw(3)
    first, second = (make_batches(5, 0.3, Rank(r, 2)).draw(3) for r in range(2))
    assert torch.equal(first.noise, alone.noise)
    assert not torch.equal(first.noise, second.noise)
    assert not torch.equal(first.level, second.level)

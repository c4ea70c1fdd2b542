"""Batches depend on seed and number alone, and pass over the data evenly."""

import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from models.kinematics import Kinematics
from tasks.batches import Batches, Stream, generator
from tasks.windows import read_frames, valid_rows
from tests.tasks.synthetic_episodes import write_dataset


def test_each_pass_takes_each_row_once():
    rows = torch.tensor([3, 5, 8, 13, 21, 34, 55])
    taken = Stream(rows, seed=1, stream=0).take(0, 21)
    for epoch in taken.split(7):
        assert sorted(epoch.tolist()) == rows.tolist()
    assert taken[:7].tolist() != taken[7:14].tolist()


def test_any_place_can_be_entered():
    rows = torch.arange(10) * 2
    whole = Stream(rows, seed=4, stream=1).take(0, 60)
    resumed = Stream(rows, seed=4, stream=1)
    for start, count in ((35, 25), (0, 35), (9, 2), (8, 40)):
        assert torch.equal(resumed.take(start, count), whole[start : start + count])


def test_keys_draw_apart():
    draws = [torch.randn(3, generator=generator(0, *key)) for key in ((0,), (1,), (0, 0), (0, 1))]
    assert len({tuple(draw.tolist()) for draw in draws}) == len(draws)
    assert torch.equal(draws[0], torch.randn(3, generator=generator(0, 0)))


@pytest.fixture(scope="module")
def make_batches(tmp_path_factory):
    """Return a function that makes batches of 1000 windows over a small dataset."""
    config = load(Config, [])
    layout = config.embodiment.make_layout()
    folder = write_dataset(tmp_path_factory.mktemp("data") / "d", config.embodiment, 4, 20)
    frames = read_frames(folder, layout, Kinematics(config.hand), 1000)
    rows = valid_rows(frames, torch.arange(len(frames)), layout.horizon)

    def make(levels: int, jitter: float) -> Batches:
        return Batches(frames, layout, rows, rows, size=1000, levels=levels, jitter=jitter, seed=0)

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

"""Batches depend on seed and number alone, and pass over the data evenly."""

import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from models.kinematics import Kinematics
from tasks.learning.batches import ALONE, Batches, MemoryWindows, Rank, Stream, generator
from tasks.learning.windows import read_frames, valid_rows
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


@pytest.mark.parametrize("world", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("size", [7, 10, 12])
def test_ranks_share_each_pass_and_nothing_twice(world, size):
    """Batches of 4 a rank for several passes: 7 rows and 3 ranks do not divide."""
    rows, each = torch.arange(size) * 3, 24
    whole = Stream(rows, seed=2, stream=0).take(0, world * each)
    ranks = [Stream(rows, seed=2, stream=0, rank=Rank(r, world)) for r in range(world)]
    taken = torch.stack(
        [torch.cat([rank.take(start, 4) for start in range(0, each, 4)]) for rank in ranks], dim=1
    )
    assert torch.equal(taken.flatten(), whole)
    for epoch in taken.flatten().split(size)[:-1]:
        assert sorted(epoch.tolist()) == rows.tolist()


def test_a_rank_outside_the_world_is_refused():
    with pytest.raises(ValueError, match="rank 2 of 2"):
        Rank(2, 2)


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

    def make(levels: int, jitter: float, rank: Rank = ALONE) -> Batches:
        sizes = {"size": 1000, "levels": levels, "jitter": jitter, "seed": 0}
        prior, inverse = (MemoryWindows(frames, layout, rows, 0, s, rank) for s in range(2))
        return Batches(prior, inverse, layout, **sizes, rank=rank)

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

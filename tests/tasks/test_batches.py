"""Batches depend on seed and number alone, and pass over the data evenly."""

import torch

from tasks.batches import Stream, generator


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

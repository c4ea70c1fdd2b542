"""Counter-based random numbers: reproducible from the outside in, and random enough."""

import numpy as np
import pytest
import torch
from scipy import stats

from envs.streams import GOLDEN, Streams, derive_seed, mix, word


def test_hash_is_splitmix64():
    # First outputs of the published generator for the seed 1234567 (its state moves by GOLDEN).
    published = (6457827717110365317, 3203168211198807973, 9817491932198370423)
    states = np.concatenate([word(1234567 + (i + 1) * GOLDEN) for i in range(3)])
    assert tuple(mix(states).tolist()) == published


def test_a_draw_depends_on_its_own_stream_and_time_only():
    streams = Streams(3, torch.arange(10))
    everyone = streams.normal(2, torch.arange(10), 7)
    rows = torch.tensor([8, 1])
    assert torch.equal(streams.normal(2, rows, 7, rows), everyone[rows])


@pytest.mark.parametrize("change", ["seed", "purpose", "counter", "stream"])
def test_anything_else_gives_other_numbers(change):
    base = Streams(3, torch.arange(4)).uniform(1, 5, 6)
    other = {
        "seed": lambda: Streams(4, torch.arange(4)).uniform(1, 5, 6),
        "purpose": lambda: Streams(3, torch.arange(4)).uniform(2, 5, 6),
        "counter": lambda: Streams(3, torch.arange(4)).uniform(1, 6, 6),
        "stream": lambda: Streams(3, torch.arange(4, 8)).uniform(1, 5, 6),
    }[change]()
    assert not (base == other).any()


def test_equal_stream_numbers_see_equal_numbers():
    drawn = Streams(0, torch.tensor([5, 2, 5])).uniform(0, 9, 4)
    assert torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[1])


def test_uniform_and_normal_are_distributed_as_named():
    streams = Streams(11, torch.arange(200))
    uniform = torch.cat([streams.uniform(0, i, 5) for i in range(50)])  # [10000, 5]
    normal = torch.cat([streams.normal(1, i, 5) for i in range(50)])
    assert float(uniform.min()) > 0.0
    assert float(uniform.max()) < 1.0
    assert stats.kstest(uniform.flatten().numpy(), "uniform").pvalue > 0.01
    assert stats.kstest(normal.flatten().numpy(), "norm").pvalue > 0.01


def test_neighbours_in_lane_stream_and_time_are_uncorrelated():
    streams = Streams(5, torch.arange(300))
    cube = torch.stack([streams.normal(4, i, 30) for i in range(30)])  # [time, stream, lane]
    for axis in range(3):
        size = cube.shape[axis]
        a = cube.narrow(axis, 0, size - 1).flatten()
        b = cube.narrow(axis, 1, size - 1).flatten()
        # 3.9 standard errors of a correlation of independent numbers
        assert abs(float(torch.corrcoef(torch.stack((a, b)))[0, 1])) < 3.9 / len(a) ** 0.5


def test_derived_seeds_differ_by_purpose_and_order():
    seeds = {derive_seed(0), derive_seed(1), derive_seed(0, "a", 1), derive_seed(0, 1, "a")}
    assert len(seeds) == 4
    assert all(0 <= seed < 1 << 63 for seed in seeds)
    assert derive_seed(0, "a", 1) == derive_seed(0, "a", 1)

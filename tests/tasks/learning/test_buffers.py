"""Windows from memory and from shards: what is in a pass, in which order, in how much memory.

Both come by the same path, and what a training relies on is asked of both.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from configs.errors import UserError
from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.train import Streaming
from envs.episodes.episodes import EpisodesError, EpisodeWriter, open_shard, read_manifest
from models.kinematics import Kinematics
from models.state import split_step
from tasks.learning.buffers import (
    ALONE,
    GATHERED,
    Buffer,
    Place,
    Rank,
    WindowStream,
    in_one_buffer,
)
from tasks.learning.shards import OnDisk, open_blocks, read_blocks
from tasks.learning.training_data import window_stream
from tasks.learning.windows import gather, read_frames, window_rows
from tests.tasks.learning.test_critic import frames_of
from tests.tasks.synthetic_episodes import whole

LENGTHS = [5, 12, 9, 17, 3, 21, 8, 2, 14, 11]  # frames of a shard's episodes, from the first on
SHARDS = 6
CONFIG = load(
    Config,
    [
        "train.stream.buffer_frames=90",
        "train.stream.block_frames=30",
        "train.stream.shards_at_once=2",
        "train.validation_share=0.2",
    ],
)
SETTINGS = CONFIG.train.stream
LAYOUT = CONFIG.embodiment.make_layout()
HORIZON = LAYOUT.horizon


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Frame r: every joint's target is r / 4, exact in float32; every third episode is noisy."""
    rng, row, number = np.random.default_rng(0), 0, 0
    folder = tmp_path_factory.mktemp("stream")
    writer = EpisodeWriter(folder, LAYOUT, 10**9)
    for shard in range(SHARDS):
        for length in LENGTHS[shard:]:
            r = np.arange(row, row + length)
            fields = {
                "joint_target": r[:, None] / 4,
                "joint_observation": rng.uniform(-1, 1, (length, LAYOUT.num_joints)),
                "keypoints": rng.uniform(-1, 1, (length, LAYOUT.num_keypoints, 3)),
                "action": r[:, None] / 4,
                "mode": r % 2,
                "clean": np.full(length, number % 3 > 0),
            }
            writer.append(whole(LAYOUT, number, fields))
            row, number = row + length, number + 1
        writer.flush()
    writer.close()
    return folder


def source_of(folder: Path, stream: Streaming = SETTINGS, **changes) -> OnDisk:
    rows = {name: shard.rows for name, shard in read_manifest(folder).shards.items()}
    opener = {"open": lambda name: open_shard(folder / name, LAYOUT)}
    given: dict[str, Any] = {"rows": rows, "seed": 3} | opener | changes
    settings = dataclasses.replace(CONFIG.train, stream=stream)
    return OnDisk(layout=LAYOUT, kinematics=Kinematics(CONFIG.hand), settings=settings, **given)


def stream_of(
    folder: Path, clean=False, rank: Rank = ALONE, stream: int = 1, held=SETTINGS, **changes
):
    return window_stream(source_of(folder, held, **changes).reader(clean, stream, rank), LAYOUT)


def in_memory(folder: Path, clean=False, rank: Rank = ALONE, stream: int = 1, seed: int = 3):
    """Return the training windows of `stream_of`, but from memory."""
    source, frames = source_of(folder), read_frames(folder, LAYOUT, Kinematics(CONFIG.hand), 10**6)
    held_back = torch.cat(
        [block.held_back for n in source.rows for block in open_blocks(source, n)]
    )
    rows = window_rows(frames, ~held_back, HORIZON, clean)
    return window_stream(in_one_buffer(frames, rows, seed, stream, rank), LAYOUT)


BOTH = pytest.mark.parametrize("make", [in_memory, stream_of])


def numbers(windows) -> list[int]:
    """Return the numbers of the frames at which windows stand."""
    return [round(4 * float(action)) for action in windows.action[:, 0]]


def expected(folder: Path, clean: bool) -> Counter:
    """Return the numbers of all training windows, found by reading everything."""
    source, found = source_of(folder), Counter()
    for name in source.rows:
        frames, held_back = read_blocks(source, open_blocks(source, name))
        found.update(
            numbers(gather(frames, window_rows(frames, ~held_back, HORIZON, clean), LAYOUT))
        )
    return found


def one_pass(stream: WindowStream) -> list[int]:
    """Return what a stream gives before its second pass."""
    taken: list[int] = []
    while True:
        windows = stream.take(1)
        if stream.state()["pass"] > 0:
            stream.close()
            return taken
        taken += numbers(windows)


@BOTH
@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("world", [1, 2, 3, 4, 6, 7])
def test_a_pass_is_disjoint_and_complete_over_the_ranks(folder, make, clean, world):
    found = Counter()
    for r in range(world):
        found.update(one_pass(make(folder, clean, Rank(r, world))))
    assert found == expected(folder, clean)
    assert set(found.values()) == {1}


def test_a_rank_outside_the_world_is_refused():
    with pytest.raises(ValueError, match="rank 2 of 2"):
        Rank(2, 2)


def test_windows_are_those_of_the_loader_in_memory(folder):
    frames = read_frames(folder, LAYOUT, Kinematics(CONFIG.hand), 10**6)
    number_of = (4 * split_step(LAYOUT, frames.step)[2][:, 0]).round().int().tolist()
    row_of = {number: row for row, number in enumerate(number_of)}
    streamed = stream_of(folder).take(300)
    wanted = gather(frames, torch.tensor([row_of[n] for n in numbers(streamed)]), LAYOUT)
    assert all(torch.equal(getattr(streamed, n), getattr(wanted, n)) for n in vars(wanted))


@BOTH
def test_the_order_is_the_seeds_and_changes_with_pass_and_stream(folder, make):
    def taken(count: int = 400, **changes) -> list[int]:
        return numbers(make(folder, **changes).take(count))

    size = sum(expected(folder, False).values())
    first = taken(2 * size)
    assert taken(2 * size) == first
    assert first[:size] != first[size:]
    assert sorted(first[:size]) == sorted(first[size:])
    assert taken(seed=4) != first[:400]
    assert taken(stream=0) != first[:400]


def test_the_order_in_which_shards_are_listed_is_nothing(folder):
    ordered = dict(reversed(list(source_of(folder).rows.items())))
    listed = stream_of(folder, rows=ordered).take(400)
    assert numbers(listed) == numbers(stream_of(folder).take(400))


def test_a_buffer_mixes_shards(folder):
    stream = stream_of(folder)
    shard_of: dict[int, int] = {}
    for shard in range(SHARDS):
        for _ in range(sum(LENGTHS[shard:])):
            shard_of[len(shard_of)] = shard
    groups: dict[tuple, set[int]] = {}
    for _ in range(200):
        windows = stream.take(1)
        state = stream.state()
        key = (state["pass"], state["shards"], state["buffer"])
        groups.setdefault(key, set()).add(shard_of[numbers(windows)[0]])
    assert sum(len(shards) == 2 for shards in groups.values()) >= len(groups) / 2


def test_memory_is_bounded_by_the_configuration(folder):
    """No buffer is larger than asked for, and no more than one waits while one is used."""
    read, sizes = source_of(folder).reader(False, 1, ALONE), []

    def watched(place: Place) -> Iterator[Buffer]:
        for buffer in read(place):
            sizes.append(len(buffer.frames))
            yield buffer

    stream = window_stream(watched, LAYOUT)
    used: set[tuple] = set()
    for _ in range(100):
        stream.take(9)
        state = stream.state()
        used.add((state["pass"], state["shards"], state["buffer"]))
        assert len(sizes) <= len(used) + 2  # a batch of 9 may pass over a buffer
    assert max(sizes) <= SETTINGS.buffer_frames
    assert max(sizes) > SETTINGS.buffer_frames / 2


@BOTH
@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("rank", [ALONE, Rank(1, 2), Rank(3, 8)])
def test_any_place_can_be_entered(folder, make, clean, rank):
    whole, states = make(folder, clean, rank), []
    batches = []
    for _ in range(60):
        states.append(whole.state())
        batches.append(numbers(whole.take(7)))
    for done in (0, 1, 5, 13, 31, 59):
        resumed = make(folder, clean, rank)
        resumed.resume(states[done])
        assert resumed.state() == states[done]
        assert [numbers(resumed.take(7)) for _ in range(done, 60)] == batches[done:]


def test_resuming_reads_no_shard_of_before(folder):
    """A shard is opened when it is first needed: those of a pass's rest only."""
    opened: list[str] = []

    def watched(name: str) -> dict[str, np.ndarray]:
        opened.append(name)
        return open_shard(folder / name, LAYOUT)

    stream = stream_of(folder, open=watched)
    assert opened == []
    stream.take(1)
    stream.close()
    assert len(opened) == SETTINGS.shards_at_once
    further = stream_of(folder)
    while further.state()["shards"] < 2:
        further.take(20)
    opened.clear()
    resumed = stream_of(folder, open=watched)
    resumed.resume(further.state())
    resumed.take(1)
    resumed.close()
    assert len(opened) == SETTINGS.shards_at_once


def test_held_back_episodes_are_whole_and_depend_on_seed_and_shard_alone(folder):
    def held(seed: int, names=None) -> dict[str, list[bool]]:
        source = source_of(folder, seed=seed)
        return {
            name: torch.cat([b.held_back for b in open_blocks(source, name)]).tolist()
            for name in names or source.rows
        }

    whole = held(0)
    one = sorted(whole)[2]
    assert held(0, [one])[one] == whole[one]
    assert held(1) != whole
    source = source_of(folder, seed=0)
    for name in source.rows:
        frames, back = read_blocks(source, open_blocks(source, name))
        for first in frames.first.unique().tolist():
            assert len(back[frames.first == first].unique()) == 1
        assert 0 < back.float().mean() < 0.7


def test_an_episode_longer_than_the_buffer_is_an_error(folder):
    settings = dataclasses.replace(SETTINGS, buffer_frames=20, block_frames=10)
    stream = stream_of(folder, held=settings)
    for _ in range(2):  # and stays one
        with pytest.raises(UserError, match=r"an episode of 21 frames, train\.stream\.buffer"):
            stream.take(1000)


def test_too_many_ranks_are_an_error(folder):
    stream = stream_of(folder, rank=Rank(90, 100))
    with pytest.raises(UserError, match="rank 90 of 100 finds no window"):
        stream.take(1)


def test_a_missing_shard_is_named(folder):
    stream = stream_of(folder, open=lambda name: open_shard(folder / "gone"))
    with pytest.raises(EpisodesError, match="gone: missing shard"):
        stream.take(1)


def test_the_order_does_not_depend_on_how_many_are_taken_or_gathered():
    """A buffer of more windows than are gathered together."""
    frames = frames_of(*[(200, False)] * 50)
    rows = window_rows(frames, torch.ones(len(frames), dtype=torch.bool), HORIZON)

    def taken(*counts: int) -> list[float]:
        stream = window_stream(in_one_buffer(frames, rows, 0, 0), LAYOUT)
        found = [a for count in counts for a in stream.take(count).action[:, 0].tolist()]
        stream.close()
        return found

    total = 3 * GATHERED // 2 + 6
    once = taken(total)
    assert taken(*[1000] * (total // 1000), total % 1000) == once
    assert taken(1, 700, GATHERED - 1, total - 700 - GATHERED) == once

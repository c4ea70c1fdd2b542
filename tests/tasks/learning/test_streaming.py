"""Streams over real shards: what is in a pass, in which order, in how much memory, and resumed."""

import dataclasses
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.train import Streaming
from envs.episodes.episodes import EpisodesError, EpisodeWriter, read_manifest
from models.kinematics import Kinematics
from models.state import split_step
from tasks.learning.batches import ALONE, Rank
from tasks.learning.blocks import Source, cut, open_blocks, read_blocks
from tasks.learning.streaming import GATHERED, StreamedWindows, StreamError, window_rows
from tasks.learning.windows import WindowsError, gather, read_frames
from tests.tasks.synthetic_episodes import whole

SETTINGS = Streaming(
    buffer_frames=90, block_frames=30, shards_at_once=2, sample_shards=2, kept_shards=4
)
LENGTHS = [5, 12, 9, 17, 3, 21, 8, 2, 14, 11]  # frames of a shard's episodes, from the first on
SHARDS = 6
SHARE = 0.2
CONFIG = load(Config, [])
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


def source_of(folder: Path, **changes) -> Source:
    rows = {name: shard.rows for name, shard in read_manifest(folder).shards.items()}
    given = {"rows": rows, "open": lambda name: folder / name, "seed": 3} | changes
    return Source(
        layout=LAYOUT,
        kinematics=Kinematics(CONFIG.hand),
        block_frames=SETTINGS.block_frames,
        share=SHARE,
        **given,
    )


def stream_of(folder: Path, clean=False, rank: Rank = ALONE, stream: int = 1, **changes):
    return StreamedWindows(
        source_of(folder, **changes), SETTINGS, clean=clean, stream=stream, rank=rank
    )


def numbers(windows) -> list[int]:
    """Return the numbers of the frames at which windows stand."""
    return [round(4 * float(action)) for action in windows.action[:, 0]]


def expected(folder: Path, clean: bool) -> Counter:
    """Return the numbers of all training windows, found by reading everything."""
    source, found = source_of(folder), Counter()
    for name in source.rows:
        frames, held_back = read_blocks(source, open_blocks(source, name))
        rows = window_rows(frames, torch.nonzero(~held_back)[:, 0], HORIZON, clean)
        found.update(numbers(gather(frames, rows, LAYOUT)))
    return found


def one_pass(stream: StreamedWindows, batch: int = 1) -> list[int]:
    """Return what a stream gives before its second pass; `batch` 1 ends exactly there."""
    taken: list[int] = []
    while True:
        windows = stream.take(len(taken), batch)
        if stream.state()["pass"] > 0:
            stream.close()
            return taken
        taken += numbers(windows)


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("world", [1, 2, 3, 4, 6, 7])
def test_a_pass_is_disjoint_and_complete_over_the_ranks(folder, clean, world):
    found = Counter()
    for r in range(world):
        found.update(one_pass(stream_of(folder, clean, Rank(r, world))))
    assert found == expected(folder, clean)
    assert set(found.values()) == {1}


def test_windows_are_those_of_the_loader_in_memory(folder):
    frames = read_frames(folder, LAYOUT, Kinematics(CONFIG.hand), 10**6)
    number_of = (4 * split_step(LAYOUT, frames.step)[2][:, 0]).round().int().tolist()
    row_of = {number: row for row, number in enumerate(number_of)}
    streamed = stream_of(folder).take(0, 300)
    wanted = gather(frames, torch.tensor([row_of[n] for n in numbers(streamed)]), LAYOUT)
    assert all(torch.equal(getattr(streamed, n), getattr(wanted, n)) for n in vars(wanted))


def test_windows_never_cross_episodes(folder):
    """Targets of a history grow by one frame, or repeat the episode's first."""
    windows = stream_of(folder).take(0, 1000)
    history = 4 * split_step(LAYOUT, windows.history)[2][..., 0]
    firsts = set(np.cumsum([0, *(n for s in range(SHARDS) for n in LENGTHS[s:])]).tolist())
    for row in history.round().int().tolist():
        for before, after in pairwise(row):
            assert after == before + 1 or (after == before and after in firsts)
            assert not (after == before + 1 and after in firsts)


def test_the_order_is_the_seeds_and_changes_with_pass_and_stream(folder):
    def taken(count: int = 400, **changes) -> list[int]:
        stream = stream_of(folder, **changes)
        return numbers(stream.take(0, count))

    size = sum(expected(folder, False).values())
    first = taken(2 * size)
    assert taken(2 * size) == first
    assert first[:size] != first[size:]
    assert sorted(first[:size]) == sorted(first[size:])
    assert taken(seed=4) != first[:400]
    assert taken(stream=0) != first[:400]
    ordered = dict(reversed(source_of(folder).rows.items()))
    assert taken(rows=ordered) == first[:400]  # the order in which shards are listed is nothing


def test_a_buffer_mixes_shards(folder):
    stream = stream_of(folder)
    shard_of: dict[int, int] = {}
    for shard in range(SHARDS):
        for _ in range(sum(LENGTHS[shard:])):
            shard_of[len(shard_of)] = shard
    groups: dict[tuple, set[int]] = {}
    for taken in range(200):
        windows = stream.take(taken, 1)
        state = stream.state()
        key = (state["pass"], state["shards"], state["buffer"])
        groups.setdefault(key, set()).add(shard_of[numbers(windows)[0]])
    assert sum(len(shards) == 2 for shards in groups.values()) >= len(groups) / 2


def test_memory_is_bounded_by_the_configuration(folder):
    """No buffer is larger than asked for, and no more than one waits while one is used."""
    stream, sizes = stream_of(folder), []
    fill = stream._fill

    def watched(place, blocks):
        buffer = fill(place, blocks)
        sizes.append(len(buffer.frames))
        return buffer

    stream._fill = watched  # type: ignore[method-assign]
    used: dict[tuple, int] = {}
    for taken in range(0, 900, 9):
        stream.take(taken, 9)
        assert stream._buffer is not None
        used[stream._buffer.place] = len(stream._buffer.frames)
        assert len(sizes) <= len(used) + 2  # a batch of 9 may pass over a buffer
    assert max(sizes) <= SETTINGS.buffer_frames
    assert max(sizes) > SETTINGS.buffer_frames / 2


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("rank", [ALONE, Rank(1, 2), Rank(3, 8)])
def test_any_place_can_be_entered(folder, clean, rank):
    whole = stream_of(folder, clean, rank)
    batches = [numbers(whole.take(7 * i, 7)) for i in range(60)]
    for done in (0, 1, 5, 13, 31, 59):
        first = stream_of(folder, clean, rank)
        for i in range(done):
            first.take(7 * i, 7)
        resumed = stream_of(folder, clean, rank)
        resumed.resume(first.state())
        assert resumed.state() == first.state()
        rest = [numbers(resumed.take(7 * i, 7)) for i in range(done, 60)]
        assert rest == batches[done:]


def test_a_place_that_is_not_the_next_is_refused(folder):
    stream = stream_of(folder)
    stream.take(0, 5)
    with pytest.raises(StreamError, match="place 3 asked for, it stands at 5"):
        stream.take(3, 5)


def test_resuming_reads_no_shard_of_before(folder):
    """A shard is opened when it is first needed: those of a pass's rest only."""
    opened: list[str] = []

    def open_shard(name: str) -> Path:
        opened.append(name)
        return folder / name

    stream = stream_of(folder, open=open_shard)
    assert opened == []
    stream.take(0, 1)
    stream.close()
    assert len(opened) == SETTINGS.shards_at_once
    while stream.state()["shards"] < 2:
        stream = advanced(stream, folder)
    opened.clear()
    resumed = stream_of(folder, open=open_shard)
    resumed.resume(stream.state())
    resumed.take(stream.state()["taken"], 1)
    resumed.close()
    assert len(opened) == SETTINGS.shards_at_once


def advanced(stream: StreamedWindows, folder: Path) -> StreamedWindows:
    """Return a stream some windows further on."""
    further = stream_of(folder)
    further.resume(stream.state())
    further.take(stream.state()["taken"], 20)
    further.close()
    return further


def test_held_back_episodes_are_whole_and_depend_on_seed_and_shard_alone(folder):
    def held(seed: int, names=None) -> dict[str, list[bool]]:
        source = source_of(folder, seed=seed)
        return {
            name: open_blocks(source, name)[0].shard.held_back.tolist()
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


def test_blocks_are_whole_episodes():
    starts, ends = np.array([0, 5, 17, 26, 70]), np.array([5, 17, 26, 70, 71])
    assert cut(starts, ends, 30) == ((0, 26), (26, 70), (70, 71))
    assert cut(starts, ends, 1) == tuple(zip(starts.tolist(), ends.tolist(), strict=True))
    assert cut(starts, ends, 1000) == ((0, 71),)


def test_an_episode_longer_than_the_buffer_is_an_error(folder):
    settings = dataclasses.replace(SETTINGS, buffer_frames=20, block_frames=10)
    source = dataclasses.replace(source_of(folder), block_frames=10)
    stream = StreamedWindows(source, settings, clean=False, stream=0)
    for _ in range(2):  # and stays one
        with pytest.raises(WindowsError, match=r"an episode of 21 frames, train\.stream\.buffer"):
            stream.take(0, 1000)


def test_too_many_ranks_are_an_error(folder):
    stream = stream_of(folder, rank=Rank(90, 100))
    with pytest.raises(WindowsError, match="rank 90 of 100 finds no window"):
        stream.take(0, 1)


def test_a_missing_shard_is_named(folder):
    stream = stream_of(folder, open=lambda name: folder / "gone")
    with pytest.raises(EpisodesError, match="gone: missing shard"):
        stream.take(0, 1)


def test_the_order_does_not_depend_on_how_many_are_taken_or_gathered(tmp_path):
    """A buffer of more windows than are gathered together."""
    writer = EpisodeWriter(tmp_path, LAYOUT, 10**9)
    for number in range(50):
        r = np.arange(200 * number, 200 * number + 200)
        writer.append(whole(LAYOUT, number, {"action": r[:, None] / 4}))
    writer.close()
    settings = dataclasses.replace(SETTINGS, buffer_frames=20_000)

    def taken(*counts: int) -> list[int]:
        stream, found = StreamedWindows(source_of(tmp_path), settings, clean=False, stream=1), []
        for count in counts:
            found += numbers(stream.take(len(found), count))
        stream.close()
        return found

    total = 3 * GATHERED // 2 + 6  # of 10,000 frames, a fifth held back
    once = taken(total)
    assert len(set(once)) == total
    assert taken(*[1000] * (total // 1000), total % 1000) == once
    assert taken(1, 700, GATHERED - 1, total - 700 - GATHERED) == once

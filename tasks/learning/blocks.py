"""Blocks of shards: whole episodes in a row, read on their own, and which of them are held back."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from configs.layout import Layout
from envs.episodes.episodes import open_shard
from models.kinematics import Kinematics
from tasks.learning.batches import generator
from tasks.learning.windows import Frames, WindowsError, episode_starts, hold_back, make_frames

HELD_BACK = 6  # key of the draws


@dataclass(frozen=True)
class Source:
    """A dataset's shards, and how one is opened.

    Args:
        rows: frames by shard, as the manifest says. open: path of a shard, which may be fetched
            only then. share: of a shard's episodes that are held back for validation.
    """

    rows: Mapping[str, int]
    open: Callable[[str], Path]
    layout: Layout
    kinematics: Kinematics
    block_frames: int
    share: float
    seed: int


@dataclass(frozen=True, eq=False)
class Shard:
    """A shard, memory-mapped: nothing but ids and flags has been read."""

    name: str
    arrays: Mapping[str, np.ndarray]
    held_back: Tensor  # [R] bool, whole episodes
    bounds: tuple[tuple[int, int], ...]  # rows of its blocks: from, to


@dataclass(frozen=True, eq=False)
class Block:
    shard: Shard
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


def open_blocks(source: Source, name: str) -> list[Block]:
    """Open a shard and cut it into blocks of at most `block_frames` frames, or one episode.

    Which episodes are held back depends on the seed, the shard's name and its content alone; in
    each shard the rule is that of `tasks.learning.windows.split_episodes`.

    Raises:
        EpisodesError: missing, cut off or not a shard. LayoutMismatch: made for another layout.
    """
    arrays = open_shard(source.open(name), source.layout)
    starts = episode_starts(np.asarray(arrays["episode"]))
    ends = np.append(starts[1:], len(arrays["episode"]))
    has_clean = torch.from_numpy(np.maximum.reduceat(np.asarray(arrays["clean"]), starts) > 0)
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    held = hold_back(has_clean, source.share, generator(source.seed, HELD_BACK, number))
    rows = held.repeat_interleave(torch.from_numpy(ends - starts))
    shard = Shard(name, arrays, rows, cut(starts, ends, source.block_frames))
    return [Block(shard, start, stop) for start, stop in shard.bounds]


def cut(starts: np.ndarray, ends: np.ndarray, frames: int) -> tuple[tuple[int, int], ...]:
    """Return (from, to) of runs of whole episodes, at most `frames` long or one episode."""
    bounds: list[tuple[int, int]] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if bounds and end - bounds[-1][0] <= frames:
            bounds[-1] = (bounds[-1][0], end)
        else:
            bounds.append((start, end))
    return tuple(bounds)


def pack(blocks: Sequence[Block], frames: int) -> list[Sequence[Block]]:
    """Divide blocks, in their order, into parts of about equal size and at most `frames` frames.

    Raises:
        WindowsError: a block, which then is one episode, is longer than that.
    """
    longest = max(blocks, key=len)
    if len(longest) > frames:
        raise WindowsError(
            f"{longest.shard.name}: an episode of {len(longest)} frames, "
            f"train.stream.buffer_frames is {frames}: raise it"
        )
    sizes = np.array([len(block) for block in blocks])
    count = -(-int(sizes.sum()) // frames)
    while True:
        borders = [part[0] for part in np.array_split(np.arange(len(blocks)), count)]
        if np.add.reduceat(sizes, borders).max() <= frames:
            break
        count += 1
    return [blocks[a:b] for a, b in zip(borders, [*borders[1:], len(blocks)], strict=True)]


def read_blocks(source: Source, blocks: Sequence[Block]) -> tuple[Frames, Tensor]:
    """Return the blocks' frames, one block after the other, and which rows [N] are held back."""
    rows = sum(len(block) for block in blocks)
    kept: dict[str, Tensor] = {}  # a block is copied while it is in the processor's cache
    row = 0
    for block in blocks:
        shard = block.shard
        arrays = {name: array[block.start : block.stop] for name, array in shard.arrays.items()}
        holder = f"{shard.name}, rows {block.start} on"
        part = vars(make_frames(arrays, source.layout, source.kinematics, holder, row))
        for name, values in part.items():
            if name not in kept:
                kept[name] = values.new_empty((rows, *values.shape[1:]))
            kept[name][row : row + len(block)] = values
        row += len(block)
    held_back = torch.cat([block.shard.held_back[block.start : block.stop] for block in blocks])
    return Frames(**kept), held_back

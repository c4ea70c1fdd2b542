"""A dataset that does not fit into memory: buffers of a few shards at once, mixed.

    shards, shuffled     [d b f a e c]          by seed and pass, divided among the ranks
    a few at once        [d b] [f a] [e c]      opened, memory-mapped
    their blocks, mixed  d2 b1 d1 b3 | b2 d3    blocks are whole episodes; | ends a buffer
    a buffer's windows   all of them, shuffled

While one buffer is used a thread reads the next, so two are in memory.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from configs.errors import UserError
from configs.layout import Layout
from configs.schema.train import Train
from models.kinematics import Kinematics
from tasks.learning.buffers import Buffer, Place, Rank, Read, generator
from tasks.learning.windows import Frames, episode_starts, hold_back, make_frames, window_rows

T = TypeVar("T")
Arrays = Mapping[str, np.ndarray]  # [R, ...] by field, memory-mapped
SHARDS, HELD_BACK, BLOCKS, WINDOWS, SAMPLE = 5, 6, 7, 8, 9  # keys of the draws
EMPTY_PASSES = 3  # in a row, before a rank gives up: which shards a rank has changes by pass


@dataclass(frozen=True, eq=False)
class Block:
    """Whole episodes of a memory-mapped shard: nothing but ids and flags has been read."""

    holder: str  # names shard and rows in errors
    arrays: Arrays
    held_back: Tensor  # [R] bool

    def __len__(self) -> int:
        return len(self.held_back)


@dataclass(frozen=True, eq=False)
class OnDisk:
    """A dataset's shards, and how one is opened.

    Args:
        rows: frames by shard, as the manifest says. open: arrays of a shard, which may be fetched
            only then.
    """

    rows: Mapping[str, int]
    open: Callable[[str], Arrays]
    layout: Layout
    kinematics: Kinematics
    settings: Train
    seed: int

    @property
    def counts(self) -> dict[str, int]:
        """Return what is known of the data without reading it."""
        return {"frames": sum(self.rows.values())}

    def reader(self, clean: bool, stream: int, rank: Rank) -> Read:
        """Return how all windows, or the clean ones, are read.

        Over a pass the ranks' windows are disjoint, and together complete. A rank with less to
        read begins its next pass earlier; which one that is changes from pass to pass.
        """
        return _Reader(self, clean, stream, rank).read

    def samples(self, most: int) -> Iterator[tuple[Frames, Tensor, int]]:
        """Yield a buffer of each of a few shards, which rows are held back, a share of `most`.

        They are the same for every rank: so much is known without reading everything.
        """
        names, draws = sorted(self.rows), generator(self.seed, SAMPLE)
        chosen = torch.randperm(len(names), generator=draws)[: self.settings.stream.sample_shards]
        for i in chosen.tolist():
            blocks = shuffled(open_blocks(self, names[i]), draws)
            first = pack(blocks, self.settings.stream.buffer_frames)[0]
            yield *read_blocks(self, first), math.ceil(most / len(chosen))


@dataclass(frozen=True, eq=False)
class _Reader:
    """One endless sequence of buffers; `stream` and rank set its draws apart."""

    shards: OnDisk
    clean: bool
    stream: int
    rank: Rank

    def read(self, place: Place) -> Iterator[Buffer]:
        """Yield the buffers from a place on; UserError: some passes have no window."""
        (epoch, group, number), empty = place, 0
        settings = self.shards.settings.stream
        while empty < EMPTY_PASSES:
            empty += 1
            draws = generator(self.shards.seed, SHARDS, self.stream, epoch)
            shards = shuffled(sorted(self.shards.rows), draws)
            if not self._dividing_blocks:
                shards = shards[self._first(epoch) :: self.rank.world]
            for g in range(group, -(-len(shards) // settings.shards_at_once)):
                few = shards[g * settings.shards_at_once :][: settings.shards_at_once]
                parts = pack(self._mix(epoch, g, few), settings.buffer_frames)
                for n in range(number, len(parts)):
                    buffer = self._fill((epoch, g, n), parts[n])
                    if len(buffer.rows):
                        empty = 0
                        yield buffer
                    del buffer  # not kept while the next one is read
                number = 0
            epoch, group = epoch + 1, 0
        raise UserError(
            f"dataset: rank {self.rank.number} of {self.rank.world} finds no window in "
            f"{sum(self.shards.rows.values())} frames; use fewer ranks, a smaller "
            "train.stream.block_frames or more episodes"
        )

    def _mix(self, epoch: int, group: int, few: Sequence[str]) -> list[Block]:
        """Return this rank's blocks of a few shards, shuffled."""
        blocks = [block for name in few for block in open_blocks(self.shards, name)]
        if self._dividing_blocks:
            blocks = blocks[self._first(epoch) :: self.rank.world]
        return shuffled(blocks, self._draws(BLOCKS, epoch, group))

    def _fill(self, place: Place, blocks: Sequence[Block]) -> Buffer:
        frames, held_back = read_blocks(self.shards, blocks)
        rows = window_rows(frames, ~held_back, self.shards.layout.horizon, self.clean)
        order = torch.randperm(len(rows), generator=self._draws(WINDOWS, *place))
        device = torch.device(self.shards.settings.accelerator)
        return Buffer(place, frames.to(device), rows[order].to(device))

    @property
    def _dividing_blocks(self) -> bool:
        """Are there fewer shards than ranks? Then all ranks open all and divide their blocks."""
        return len(self.shards.rows) < self.rank.world

    def _first(self, epoch: int) -> int:
        """Return where this rank begins to take every `world`-th; it changes with the pass."""
        return (self.rank.number - epoch) % self.rank.world

    def _draws(self, key: int, *place: int) -> torch.Generator:
        return generator(self.shards.seed, key, self.stream, *place, self.rank.number)


def open_blocks(source: OnDisk, name: str) -> list[Block]:
    """Open a shard and cut it into blocks of at most `block_frames` frames, or one episode.

    Which episodes are held back depends on the seed, the shard's name and its content alone; in
    each shard the rule is that of `tasks.learning.windows.hold_back`.

    Raises:
        EpisodesError: missing, cut off or not a shard. LayoutMismatch: made for another layout.
    """
    arrays = source.open(name)
    starts = episode_starts(np.asarray(arrays["episode"]))
    lengths = np.diff(starts, append=len(arrays["episode"]))
    has_clean = torch.from_numpy(np.maximum.reduceat(np.asarray(arrays["clean"]), starts) > 0)
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    held = hold_back(
        has_clean, source.settings.validation_share, generator(source.seed, HELD_BACK, number)
    )
    rows = held.repeat_interleave(torch.from_numpy(lengths))
    bounds = np.append(starts, len(rows)).tolist()
    blocks = []
    for run in runs(lengths, source.settings.stream.block_frames):
        part = slice(bounds[run.start], bounds[run.stop])
        holder = f"{name}, rows {part.start} on"
        blocks.append(Block(holder, {key: a[part] for key, a in arrays.items()}, rows[part]))
    return blocks


def runs(lengths: Sequence[int] | np.ndarray, most: int) -> list[slice]:
    """Return places of consecutive parts, together at most `most` long, or one part."""
    starts, size = [0], 0
    for place, length in enumerate(lengths):
        if size and size + length > most:
            starts.append(place)
            size = 0
        size += length
    return [slice(a, b) for a, b in pairwise([*starts, len(lengths)]) if b > a]


def pack(blocks: Sequence[Block], frames: int) -> list[Sequence[Block]]:
    """Divide blocks, in their order, into parts of about equal size and at most `frames` frames.

    Raises:
        UserError: a block, which then is one episode, is longer than that.
    """
    sizes = [len(block) for block in blocks]
    longest = max(sizes, default=0)
    if longest > frames:
        raise UserError(
            f"{blocks[sizes.index(longest)].holder}: an episode of {longest} frames, "
            f"train.stream.buffer_frames is {frames}: raise it"
        )
    count = max(1, -(-sum(sizes) // frames))
    even = -(-sum(sizes) // count) + longest - 1  # the last part is not much shorter than others
    return [blocks[run] for run in runs(sizes, min(frames, even))]


def read_blocks(source: OnDisk, blocks: Sequence[Block]) -> tuple[Frames, Tensor]:
    """Return the blocks' frames, one block after the other, and which rows [N] are held back."""
    rows = sum(len(block) for block in blocks)
    kept: dict[str, Tensor] = {}  # a block is copied while it is in the processor's cache
    row = 0
    for block in blocks:
        part = make_frames(block.arrays, source.layout, source.kinematics, block.holder, row)
        for name, values in vars(part).items():
            if name not in kept:
                kept[name] = values.new_empty((rows, *values.shape[1:]))
            kept[name][row : row + len(block)] = values
        row += len(block)
    return Frames(**kept), torch.cat([block.held_back for block in blocks])


def shuffled(items: Sequence[T], draws: torch.Generator) -> list[T]:
    """Return the items in a random order."""
    return [items[i] for i in torch.randperm(len(items), generator=draws).tolist()]

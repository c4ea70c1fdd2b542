"""Windows of a dataset that does not fit into memory, in an order that a seed fixes.

    shards, shuffled     [d b f a e c]          by seed and pass, divided among the ranks
    a few at once        [d b] [f a] [e c]      opened, memory-mapped
    their blocks, mixed  d2 b1 d1 b3 | b2 d3    blocks are whole episodes; | ends a buffer
    a buffer's windows   all of them, shuffled; batches take them without replacement

Meanwhile a thread reads the next buffer, so two are in memory. A place is (pass, shards, buffer,
windows taken of it): to go on from it, one buffer is read again and nothing before it.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from configs.errors import UserError
from configs.schema.train import Streaming
from models.controller import Windows
from tasks.learning.batches import ALONE, Rank, generator
from tasks.learning.blocks import Block, Source, open_blocks, pack, read_blocks
from tasks.learning.windows import Frames, WindowsError, clean_rows, gather, valid_rows

SHARDS, BLOCKS, WINDOWS = 5, 7, 8  # keys of the draws
# [windows] gathered together, at least a batch: between small operations the thread that reads
# ahead takes the interpreter, and is waited for
GATHERED = 4096
EMPTY_PASSES = 3  # in a row, before a rank gives up: which shards a rank has changes by pass


class StreamError(UserError):
    """A stream that was asked for what it cannot give; one line."""


@dataclass(frozen=True, eq=False)
class Buffer:
    """Frames in memory, and the order in which their windows are taken."""

    place: tuple[int, int, int]  # pass, shards, buffer
    frames: Frames
    rows: Tensor  # [W]


class StreamedWindows:
    """An endless sequence of windows, taken in order.

    Over a pass the ranks' windows are disjoint, and together complete. A rank with less to read
    begins its next pass earlier; which one that is changes from pass to pass.

    Args:
        clean: clean windows only. stream: number that sets this stream's draws apart.
    """

    def __init__(
        self,
        source: Source,
        settings: Streaming,
        *,
        clean: bool,
        stream: int,
        rank: Rank = ALONE,
        device: torch.device | None = None,
    ):
        self.source, self.settings, self.clean = source, settings, clean
        self.stream, self.rank = stream, rank
        self.device = device or torch.device("cpu")
        self._names = sorted(source.rows)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._taken = 0
        self._start((0, 0, 0), 0)

    def take(self, start: int, count: int) -> Windows:
        """Return the next `count` windows; `start` says how many were taken before.

        Raises:
            StreamError: `start` is another place. WindowsError: no windows, or unusable frames.
        """
        if start != self._taken:
            raise StreamError(f"stream: place {start} asked for, it stands at {self._taken}")
        parts = []
        while count > 0:
            if self._buffer is None or self._place == len(self._buffer.rows):
                self._advance()
                continue
            part = self._next(self._buffer, count)
            parts.append(part)
            self._place += len(part.mode)
            self._taken += len(part.mode)
            count -= len(part.mode)
        return parts[0] if len(parts) == 1 else join_windows(parts)

    def _next(self, buffer: Buffer, count: int) -> Windows:
        """Return the windows from the place on, up to `count` of them, gathered some batches at
        a time."""
        ahead = self._place - self._gathered_from
        if self._gathered is None or ahead >= len(self._gathered.mode):
            rows = buffer.rows[self._place : self._place + max(1, GATHERED // count) * count]
            self._gathered = gather(buffer.frames, rows, self.source.layout)
            self._gathered_from, ahead = self._place, 0
        return Windows(**{n: v[ahead : ahead + count] for n, v in vars(self._gathered).items()})

    def state(self) -> dict[str, int]:
        """Return the place: a few numbers from which `resume` goes on exactly."""
        place = self._first if self._buffer is None else self._buffer.place
        names = ("pass", "shards", "buffer")
        return dict(zip(names, place, strict=True), windows=self._place, taken=self._taken)

    def resume(self, state: dict[str, int]) -> None:
        """Go to a place that `state` returned, of a stream with the same settings."""
        self._taken = state["taken"]
        self._start((state["pass"], state["shards"], state["buffer"]), state["windows"])

    def close(self) -> None:
        """Let the thread end; what it reads now is the last."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _start(self, place: tuple[int, int, int], windows: int) -> None:
        self._first, self._place = place, windows
        self._buffer: Buffer | None = None
        self._gathered: Windows | None = None  # of the buffer, from this place on
        self._gathered_from = 0
        self._coming: Future[Buffer] | None = None
        self._buffers = self._read(*place)

    def _advance(self) -> None:
        if self._buffer is not None:
            self._place = 0
        self._gathered = None
        if self._coming is None:
            self._coming = self._thread.submit(next, self._buffers)
        self._buffer = None  # its memory is free before the one after the next is read
        self._buffer = self._coming.result()
        self._coming = self._thread.submit(next, self._buffers)

    def _read(self, epoch: int, group: int, number: int) -> Iterator[Buffer]:
        """Yield the buffers from a place on, without end."""
        empty = 0
        while True:
            windows = 0
            shards = self._share(epoch)
            at_once = self.settings.shards_at_once
            for g in range(group, -(-len(shards) // at_once)):
                blocks = self._mix(epoch, g, shards[g * at_once : (g + 1) * at_once])
                parts = pack(blocks, self.settings.buffer_frames) if blocks else []
                for n in range(number, len(parts)):
                    buffer = self._fill((epoch, g, n), parts[n])
                    windows += len(buffer.rows)
                    if len(buffer.rows):
                        yield buffer
                    del buffer  # not kept while the next one is read
                number = 0
            # a pass that was entered in its midst may have nothing left
            empty = empty + 1 if windows == 0 and group == 0 else 0
            if empty == (EMPTY_PASSES if self.rank.world > 1 else 1):
                raise WindowsError(
                    f"dataset: rank {self.rank.number} of {self.rank.world} finds no window in "
                    f"{sum(self.source.rows.values())} frames; use fewer ranks, a smaller "
                    "train.stream.block_frames or more episodes"
                )
            epoch, group = epoch + 1, 0

    def _share(self, epoch: int) -> list[tuple[int, str]]:
        """Return this rank's shards of a pass, in its order, each with its place among all.

        The next shard goes to the rank with the fewest frames so far. If there are fewer shards
        than ranks, all ranks open all of them and divide their blocks.
        """
        order = torch.randperm(
            len(self._names), generator=generator(self.source.seed, SHARDS, self.stream, epoch)
        )
        shards = [(place, self._names[i]) for place, i in enumerate(order.tolist())]
        world = self.rank.world
        if len(shards) < world:
            return shards
        load, mine = [0] * world, []
        for place, name in shards:
            lightest = load.index(min(load))
            load[lightest] += self.source.rows[name]
            if (lightest + epoch) % world == self.rank.number:
                mine.append((place, name))
        return mine

    def _mix(self, epoch: int, group: int, shards: list[tuple[int, str]]) -> list[Block]:
        """Return this rank's blocks of a few shards, shuffled."""
        blocks = []
        for place, name in shards:
            found = open_blocks(self.source, name)
            if len(self._names) < self.rank.world:
                first = (self.rank.number - place - epoch) % self.rank.world
                found = found[first :: self.rank.world]
            blocks += found
        draws = self._draws(BLOCKS, epoch, group)
        return [blocks[i] for i in torch.randperm(len(blocks), generator=draws).tolist()]

    def _fill(self, place: tuple[int, int, int], blocks: Sequence[Block]) -> Buffer:
        frames, held_back = read_blocks(self.source, blocks)
        training = torch.nonzero(~held_back)[:, 0]
        rows = window_rows(frames, training, self.source.layout.horizon, self.clean)
        order = torch.randperm(len(rows), generator=self._draws(WINDOWS, *place))
        return Buffer(place, frames.to(self.device), rows[order].to(self.device))

    def _draws(self, key: int, *place: int) -> torch.Generator:
        return generator(self.source.seed, key, self.stream, *place, self.rank.number)


def window_rows(frames: Frames, rows: Tensor, horizon: int, clean: bool) -> Tensor:
    """Return those of `rows` at which windows stand, all or the clean ones."""
    valid = valid_rows(frames, rows, horizon)
    return clean_rows(frames, valid, horizon) if clean else valid


def join_windows(parts: list[Windows]) -> Windows:
    """Return the windows of several parts, one after the other."""
    return Windows(**{n: torch.cat([getattr(part, n) for part in parts]) for n in vars(parts[0])})

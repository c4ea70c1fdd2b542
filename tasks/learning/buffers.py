"""The one path from frames to windows: buffer after buffer, each in an order that a seed fixes.

    frames in memory     one buffer, each pass in another order
    shards on disk       a buffer mixes blocks of a few shards (tasks/learning/shards.py)

A buffer's windows are taken without replacement, while a thread prepares the next buffer. A place
is (pass, shards, buffer, windows taken of it); to go on from it, one buffer is prepared again.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from tasks.learning.windows import Frames

PLACE = ("pass", "shards", "buffer", "windows")
Place = tuple[int, ...]  # pass, shards, buffer
Windows = TypeVar("Windows")  # a dataclass of tensors [B, ...]
# [windows] gathered together, at least a batch: between small operations the thread that reads
# ahead takes the interpreter, and is waited for
GATHERED = 4096


def generator(seed: int, *key: int) -> torch.Generator:
    """Return a generator of its own for (seed, key)."""
    # The length goes in because a seed sequence takes (k) and (k, 0) for the same.
    state = np.random.SeedSequence([len(key), *key, seed]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


@dataclass(frozen=True)
class Rank:
    """Which of `world` processes that train one model this one is."""

    number: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.world:
            raise ValueError(f"rank {self.number} of {self.world}: ranks are 0 .. world - 1")

    @property
    def key(self) -> tuple[int, ...]:
        """Return what sets this rank's draws apart; nothing for the first, which may be alone."""
        return (self.number,) if self.number else ()


ALONE = Rank()


@dataclass(frozen=True, eq=False)
class Buffer:
    """Frames in memory, and the order in which their windows are taken."""

    place: Place
    frames: Frames
    rows: Tensor  # [W]


Read = Callable[[Place], Iterator[Buffer]]  # the buffers from a place on, without end


def in_one_buffer(frames: Frames, rows: Tensor, seed: int, stream: int, rank: Rank = ALONE) -> Read:
    """Return how the windows at `rows` [W] of frames in memory are read.

    Of the endless sequence of all ranks, rank r takes the places r, r + world, ...: their windows
    are disjoint, and together complete, in every pass and whatever does not divide.
    """

    def read(place: Place) -> Iterator[Buffer]:
        epoch = place[0]
        while True:
            order = torch.randperm(len(rows), generator=generator(seed, stream, epoch))
            mine = order[(rank.number - epoch * len(rows)) % rank.world :: rank.world]
            yield Buffer((epoch, 0, 0), frames, rows[mine.to(rows.device)])
            epoch += 1

    return read


class WindowStream(Generic[Windows]):
    """An endless sequence of windows.

    Args:
        read: gives the buffers. gather: makes windows of frames and rows [B].
    """

    def __init__(self, read: Read, gather: Callable[[Frames, Tensor], Windows]):
        self._read, self._gather = read, gather
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._start((0, 0, 0), 0)

    def take(self, count: int) -> Windows:
        """Return the next `count` windows; UserError: there are none, or unusable frames."""
        parts = []
        while count > 0:
            if self._buffer is None or self._windows == len(self._buffer.rows):
                self._advance()
                continue
            part, size = self._next(self._buffer, count)
            parts.append(part)
            self._windows += size
            count -= size
        return parts[0] if len(parts) == 1 else join(parts)

    def state(self) -> dict[str, int]:
        """Return the place: a few numbers from which `resume` goes on exactly."""
        place = self._first if self._buffer is None else self._buffer.place
        return dict(zip(PLACE, (*place, self._windows), strict=True))

    def resume(self, state: dict[str, int]) -> None:
        """Go to a place that `state` returned, of a stream of the same data and settings."""
        *place, windows = (state[name] for name in PLACE)
        self._start(tuple(place), windows)

    def close(self) -> None:
        """Let the thread end; what it reads now is the last."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _start(self, place: Place, windows: int) -> None:
        self._first, self._windows = place, windows
        self._buffer: Buffer | None = None
        self._gathered: Windows | None = None  # of the buffer, from this place on
        self._gathered_rows = range(0)
        self._coming: Future[Buffer] | None = None
        self._buffers = self._read(place)

    def _next(self, buffer: Buffer, count: int) -> tuple[Windows, int]:
        """Return up to `count` windows from the place on, some batches gathered at a time."""
        if self._gathered is None or self._windows == self._gathered_rows.stop:
            rows = buffer.rows[self._windows :][: max(1, GATHERED // count) * count]
            self._gathered = self._gather(buffer.frames, rows)
            self._gathered_rows = range(self._windows, self._windows + len(rows))
        ahead = self._windows - self._gathered_rows.start
        part = {n: v[ahead : ahead + count] for n, v in vars(self._gathered).items()}
        size = min(count, len(self._gathered_rows) - ahead)
        return type(self._gathered)(**part), size

    def _advance(self) -> None:
        if self._buffer is not None:
            self._windows = 0
        self._gathered = None
        if self._coming is None:
            self._coming = self._thread.submit(next, self._buffers)
        self._buffer = None  # its memory is free before the one after the next is read
        self._buffer = self._coming.result()
        self._coming = self._thread.submit(next, self._buffers)


def join(parts: list[Windows]) -> Windows:
    """Return the windows of several parts, one after the other."""
    names, make = vars(parts[0]), type(parts[0])
    return make(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})

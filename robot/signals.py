"""Signals that end a run, never in the middle of a tick: a driver's message is sent whole.

What ends a run is an exception, so that every `finally` on the way runs and the hand is closed.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal asked the run to end; no `except Exception` swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def name(self) -> str:
        return signal.Signals(self.number).name


class _Waiting:
    """A process has one set of signal handlers, hence one such state."""

    depth = 0  # of `uninterrupted` around the code that runs now
    number: int | None = None  # the signal that waits for their end


@contextmanager
def listening() -> Iterator[None]:
    """Turn the signals that end a process into Stopped (in the main thread; else do nothing)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Waiting.number = None
    before = {number: signal.getsignal(number) for number in SIGNALS}
    ours = [number for number in SIGNALS if before[number] not in (signal.SIG_IGN, None)]
    for number in ours:  # one that is ignored (nohup, a job in the background) stays so
        signal.signal(number, _arrived)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a signal wait until the end of the block; a second one does not wait."""
    _Waiting.depth += 1
    try:
        yield
    finally:
        _Waiting.depth -= 1
    number = _Waiting.number
    if _Waiting.depth == 0 and number is not None:
        _Waiting.number = None
        raise Stopped(number)


def _arrived(number: int, frame: FrameType | None) -> None:
    if _Waiting.depth and _Waiting.number is None:
        _Waiting.number = number
        return
    _Waiting.number = None
    raise Stopped(number)

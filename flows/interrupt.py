"""Ctrl-C and SIGTERM: stop at once, leave no process behind, lose nothing.

Every step is safe against `kill -9`, so the quickest end is also a clean one.
"""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType


def stop_on_signals() -> None:
    """From here on, SIGINT and SIGTERM end this process and all its descendants.

    Call it in the main thread, after Prefect has installed its own handler: left to that, a run
    would finish every step that is waiting before it ends.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def stop(number: int, frame: FrameType | None) -> None:
    import psutil

    family = psutil.Process().children(recursive=True)
    # All stand still before the first one dies: none is to complain that another is gone.
    for blow in (signal.SIGSTOP, signal.SIGKILL):
        for child in family:
            with suppress(psutil.NoSuchProcess):
                child.send_signal(blow)
    print("dexgen: interrupted; the same command goes on from here", file=sys.stderr, flush=True)
    os._exit(128 + number)

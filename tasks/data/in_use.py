"""Who works in a state folder: commands share a lock on it, and gc takes it alone.

The kernel drops the lock however a process ends, so nothing stale is left. The library filelock
has a shared lock on a SQLite file only, which does not tell who holds it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from configs.errors import UserError

LOCK = "in_use.lock"  # name in the state folder


class HomeInUse(UserError):
    """Somebody works in the state folder; one line with the remedy."""


@contextmanager
def in_use(home: Path) -> Iterator[None]:
    """Work in a state folder beside others; waits while gc is at it."""
    with (home / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            print("dexgen: waiting for `dexgen data gc` to end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def alone_in(home: Path) -> Iterator[None]:
    """Work in a state folder while nobody else does.

    Raises:
        HomeInUse: others work there; names their processes where the kernel tells.
    """
    with (home / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = ", ".join(holders(home / LOCK)) or "unknown"
            raise HomeInUse(
                f"{home}: in use (process {who}); nothing was removed, try again when it has ended"
            ) from None
        yield


def holders(lock: Path) -> list[str]:
    """Return the processes that hold a file's lock, as /proc/locks lists them."""
    table, inode = Path("/proc/locks"), os.stat(lock).st_ino
    rows = [row.split() for row in table.read_text().splitlines()] if table.exists() else []
    found = (row for row in rows if "->" not in row and row[1] == "FLOCK")
    return sorted({row[4] for row in found if row[5].endswith(f":{inode}")})


def is_held(lock: Path) -> bool:
    """Tell whether a process holds this lock file now."""
    try:
        with lock.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False

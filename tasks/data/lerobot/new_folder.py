"""A folder that appears whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from configs.errors import UserError
from tasks.store.disk import remedy


class FolderRefused(UserError):
    """A folder that cannot be made; one line that names it and the remedy."""


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`, which takes its name when the block has ended.

    An exception takes what was written away. What a killed process left is taken away by the next
    one that makes the same folder.

    Raises:
        FolderRefused: it exists, another process is making it, or the block met an OSError (a full
            disk).
    """
    refuse_existing(folder)
    work = folder.with_name(f".{folder.name}.unfinished")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work.mkdir(exist_ok=True)
        lock = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise FolderRefused(f"{folder}: cannot be made ({error.strerror})") from None
    try:
        take(lock, work, folder)
        refuse_existing(folder)  # another process may just have finished it
        for left in work.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            yield work
            refuse_existing(folder)
            os.rename(work, folder)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
    except OSError as error:
        what, reason = error.filename or folder.parent, error.strerror or error
        said = "; ".join(filter(None, (f"{what}: {reason}", remedy(error.errno))))
        raise FolderRefused(f"{said}; {folder} was not made") from None
    finally:
        os.close(lock)


def refuse_existing(folder: Path) -> None:
    if os.path.lexists(folder):
        raise FolderRefused(f"{folder}: exists already; name a new folder, or delete it first")


def take(lock: int, work: Path, folder: Path) -> None:
    """Hold the work folder until `lock` is closed, by this process's death at the latest."""
    busy = FolderRefused(f"{folder}: another process is writing it now; wait for its end")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        same = os.path.samestat(os.fstat(lock), os.stat(work))
    except (BlockingIOError, FileNotFoundError):
        raise busy from None
    if not same:
        raise busy

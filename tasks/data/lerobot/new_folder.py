"""A folder that appears whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from configs.errors import UserError


class FolderRefused(UserError):
    """A folder that cannot be made; one line that names it and the remedy."""


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`, which takes its name when the block has ended.

    An exception takes what was written away. What a killed process left is taken away by the next
    one that makes the same folder.

    Raises:
        FolderRefused: it exists, or the block met an OSError (a full disk).
    """
    refuse_existing(folder)
    prefix = f".{folder.name}.unfinished-"
    work = folder.with_name(f"{prefix}{os.getpid()}")
    try:
        work.mkdir(parents=True)
        for left in folder.parent.glob(f"{prefix}*"):
            if not psutil.pid_exists(int(left.name.removeprefix(prefix))):
                shutil.rmtree(left)
        yield work
        refuse_existing(folder)
        os.rename(work, folder)
    except OSError as error:
        said = f"{error.filename or folder.parent}: {error.strerror or error}"
        raise FolderRefused(f"{said}; {folder} cannot be made there") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def refuse_existing(folder: Path) -> None:
    if os.path.lexists(folder):
        raise FolderRefused(f"{folder}: exists already; name a new folder, or delete it first")

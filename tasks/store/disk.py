"""A full disk told in one line, whichever library met it."""

import errno
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
LIMIT = errno.EFBIG
# Of libraries that wrap the system's words (safetensors), and sqlite's own.
WORDS = (*(os.strerror(number).lower() for number in FULL), "database or disk is full")
SCARCE_MIB = 4.0  # with less than this free, what broke is put down to the disk
SHOWN = 160  # characters of a foreign error
MIB = 2**20


def full_disk(error: BaseException, home: Path) -> str | None:
    """Return what an error says of a full disk, and the remedy, in one line; None of another error.

    A server that cannot write says nothing of why, so any error counts where hardly anything is
    free; its own words are kept in the line.
    """
    for one in chain(error):
        if isinstance(one, OSError) and one.errno == LIMIT:
            return f"{one.filename or home}: {os.strerror(LIMIT)}; {remedy(LIMIT)}"
        if isinstance(one, OSError) and one.errno in FULL and one.filename:
            return f"{one.filename}: {os.strerror(one.errno or 0)}; {remedy(errno.ENOSPC)}"
    folder, free = scarcest(home)
    where = f"{folder}: {os.strerror(errno.ENOSPC)} ({free:.1f} MiB free now)"
    if any(tells(one) for one in chain(error)):
        return f"{where}; {remedy(errno.ENOSPC)}"
    if free < SCARCE_MIB:
        said = (str(error).strip().splitlines() or [type(error).__name__])[-1][:SHOWN]
        return f"{where}; {remedy(errno.ENOSPC)} (it broke with: {said})"
    return None


def remedy(number: int | None) -> str:
    """Return what to do about an error's number; "" of one that is not about space."""
    if number in FULL:
        return "free some space, and the same command goes on"
    if number == LIMIT:
        return "raise the limit on the size of files (ulimit -f), and the same command goes on"
    return ""


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it came of."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def tells(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return any(words in str(error).lower() for words in WORDS)


def scarcest(home: Path) -> tuple[Path, float]:
    """Return which folder a run writes to has least free, and how much [MiB]."""
    folders = (home, Path(os.environ.get("TMPDIR") or "/tmp"))  # tempfile finds none when full
    free = {folder: shutil.disk_usage(folder).free / MIB for folder in folders if folder.is_dir()}
    return min(free.items(), key=lambda one: one[1], default=(home, math.inf))

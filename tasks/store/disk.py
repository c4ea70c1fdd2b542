"""A full disk told in one line, whichever library met it."""

import errno
import os
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
SAID = os.strerror(errno.ENOSPC)
WORDS = (SAID.lower(), "database or disk is full")  # of libraries that wrap the system's; sqlite's
REMEDY = "free some space, and the same command goes on"


def full_disk(error: BaseException, home: Path) -> str | None:
    """Return what an error says of a full disk, and the remedy, in one line; None of another."""
    for one in (error, error.__cause__, error.__context__):
        full = isinstance(one, OSError) and one.errno in FULL
        if full or any(words in str(one).lower() for words in WORDS):
            return f"{getattr(one, 'filename', None) or home}: {SAID}; {REMEDY}"
    return None

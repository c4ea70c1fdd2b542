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
    full = isinstance(error, OSError) and error.errno in FULL
    if not full and not any(words in str(error).lower() for words in WORDS):
        return None
    return f"{getattr(error, 'filename', None) or home}: {SAID}; {REMEDY}"

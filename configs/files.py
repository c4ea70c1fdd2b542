"""Files and folders that stand under their names whole or not at all."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write a file or a folder to, which then takes the name `path` in one move.

    The path lies beside `path`, hidden, with the same suffix (some writers choose a format by
    it). A name that is there has its bytes, after a power cut too. After an exception nothing of
    what was written is left, and `path` is as it was.
    """
    sweep(path)
    temporary = beside(path)
    try:
        yield temporary
        for file in temporary.rglob("*") if temporary.is_dir() else (temporary,):
            if file.is_file() and not file.is_symlink():
                sync(file)
        os.replace(temporary, path)
    finally:
        remove(temporary)


def write(path: Path, content: bytes | str) -> Path:
    """Write bytes, or text as UTF-8, in one move; return the path."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def beside(path: Path) -> Path:
    """Return the path under which this process writes what is to be called `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")


def sweep(path: Path) -> None:
    """Remove what processes that are gone wrote of `path`; one that runs is let be."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        process = left.name.removeprefix(f".{path.name}.").removesuffix(path.suffix)
        if process.isdecimal() and (int(process) == os.getpid() or not is_running(int(process))):
            remove(left)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have a file's bytes, or the names in a folder, last through a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_running(process: int) -> bool:
    """Tell whether there is a process of this number, anybody's."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True

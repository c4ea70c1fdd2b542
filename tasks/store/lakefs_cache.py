"""The bound on what a machine keeps of a lakeFS repository: the least recently used goes.

    objects/, checkouts/     as in the local store      held/<version>   last use, and who uses it

A process that opened a version holds its lock until it ends, and what is held stays, whatever the
bound. An object goes when no checkout has it; one that was put here, and may wait to be sent, not
before a day has passed.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tasks.store.objects import touch

GIB = 2**30
OPENING = "opening"  # lock in held/: shared by those who open, taken alone to trim
PUT_S = 86400.0  # [s] that a put object is left alone
FETCHED = (0, 0)  # times of an object that can be fetched again; of a put one they say when


class Cache:
    """What of `folder` is in use, and what may go."""

    def __init__(self, folder: Path, limit_gib: float) -> None:
        self._folder, self._limit = folder, limit_gib * GIB
        self._held: dict[str, IO[str]] = {}

    @contextmanager
    def opening(self, version: str) -> Iterator[None]:
        """Use a version from here on, until this process ends."""
        with self._lock(OPENING) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            if version not in self._held:
                held = self._lock(version)
                fcntl.flock(held, fcntl.LOCK_SH)
                self._held[version] = held
            touch(self._folder / "held" / version)
            yield

    def trim(self, alone: bool = False) -> int:
        """Remove checkouts and their objects, least recently used first, down to the bound.

        Args:
            alone: no process uses the cache, so what no checkout has goes as well.

        Returns:
            Bytes freed.
        """
        files = [path for path in (self._folder / "objects").glob("*/*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        if size <= self._limit and not alone:
            return 0
        freed = 0
        with self._lock(OPENING) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0  # whoever opens now trims after it
            for version in self._least_recent():
                if size - freed <= self._limit:
                    break
                freed += self._drop(version)
            if alone and size - freed > self._limit:
                freed += sum(map(self._remove, files))
        return freed

    def _least_recent(self) -> list[str]:
        folders = [path.name for path in (self._folder / "checkouts").glob("*")]
        return sorted(folders, key=lambda version: _time(self._folder / "held" / version))

    def _drop(self, version: str) -> int:
        """Remove a checkout that nobody holds, and its objects that no other has."""
        folder = self._folder / "checkouts" / version
        with self._lock(version) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            inodes = {path.stat().st_ino for path in folder.rglob("*") if path.is_file()}
            shutil.rmtree(folder)
        objects = [path for path in (self._folder / "objects").glob("*/*") if path.is_file()]
        return sum(self._remove(path) for path in objects if path.stat().st_ino in inodes)

    def _remove(self, path: Path) -> int:
        """Remove an object unless a checkout has it or it was put lately; return its bytes."""
        try:
            state = path.stat()
        except FileNotFoundError:
            return 0
        if state.st_nlink > 1 or time.time() - state.st_mtime < PUT_S:
            return 0
        path.unlink()
        return state.st_size

    def _lock(self, name: str) -> IO[str]:
        path = self._folder / "held" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a")


def mark_fetched(path: Path) -> None:
    """Note that an object's bytes lie on the server too."""
    os.utime(path, FETCHED)


def _time(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0

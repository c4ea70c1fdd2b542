"""Shards of a published dataset, fetched when they are first read; a few of them stay here."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from configs.layout import Layout
from configs.refs import Ref
from envs.episodes.episodes import MANIFEST, open_shard
from envs.episodes.runs import RUNS
from tasks.data.verdict import VERDICT
from tasks.learning.shards import Arrays
from tasks.running.context import Context

Opened = TypeVar("Opened")


class ShardCache(Generic[Opened]):
    """The shards used last, as files of their own in `folder`.

    Of what is left from a run before, whatever is asked for again is verified and kept. Several
    threads may ask at once: they are served one after the other.

    Args:
        fetch: makes a verified file of a shard's name. read: opens it. most: files kept.
    """

    def __init__(
        self,
        fetch: Callable[[str, Path], None],
        read: Callable[[Path], Opened],
        folder: Path,
        most: int,
    ):
        self._fetch, self._read, self._folder, self._most = fetch, read, folder, most
        self._lock = threading.Lock()
        left = sorted(path for path in folder.rglob("*") if path.is_file())
        # in the order of use; False: this process has not verified it
        self._kept = {path.relative_to(folder).as_posix(): False for path in left}

    def open(self, name: str) -> Opened:
        """Return a shard, fetched and verified if it is not here.

        A mapping of its file stays good when the file is deleted to make room.
        """
        path = self._folder / name
        with self._lock:
            verified = self._kept.pop(name, False)
            if not verified:
                for oldest in list(self._kept)[: max(0, len(self._kept) + 1 - self._most)]:
                    (self._folder / oldest).unlink(missing_ok=True)
                    del self._kept[oldest]
                self._fetch(name, path)
            self._kept[name] = True
            return self._read(path)


def fetch_as_read(
    context: Context, ref: Ref, layout: Layout, most: int
) -> tuple[Path, Callable[[str], Arrays]]:
    """Return a folder with a dataset's manifest, runs and verdict, and how to open a shard by name.

    At most `most` shards stay in the step's scratch folder, whatever the size of the dataset.

    Raises:
        MissingRef: no such dataset. Corrupt: a file has changed bytes; a shard, when it is opened.
    """
    folder, shards = context.scratch / "dataset", context.scratch / "fetched"
    for path in context.files(ref):
        if path in (MANIFEST, VERDICT) or path.startswith(f"{RUNS}/"):
            context.fetch(ref, path, folder / path)
    fetch, read = partial(context.fetch, ref), partial(open_shard, layout=layout)
    return folder, ShardCache(fetch, read, shards, most).open

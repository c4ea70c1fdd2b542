"""Shards of a published dataset, fetched when they are first read; a few of them stay here."""

import threading
from collections.abc import Callable
from pathlib import Path

from configs.refs import Ref
from envs.episodes.episodes import MANIFEST
from envs.episodes.runs import RUNS
from tasks.data.verdict import VERDICT
from tasks.running.context import Context


class ShardCache:
    """The shards used last, as files of their own in `folder`.

    Of what is left from a run before, whatever is asked for again is verified and kept. Several
    threads may ask at once: they are served one after the other.

    Args:
        fetch: makes a verified file of a shard's name. most: files kept, and beside them one that
            each other thread was given last, since it may not have opened it yet.
    """

    def __init__(self, fetch: Callable[[str, Path], None], folder: Path, most: int):
        self._fetch, self._folder, self._most = fetch, folder, most
        self._lock = threading.Lock()
        self._given: dict[int, str] = {}  # what each thread was given last
        left = sorted(path for path in folder.rglob("*") if path.is_file())
        # in the order of use; False: this process has not verified it
        self._kept = {path.relative_to(folder).as_posix(): False for path in left}

    def open(self, name: str) -> Path:
        """Return a shard's file, fetched and verified if it is not here.

        The file stays until the thread asks for its next; a mapping of it stays good after that.
        """
        path = self._folder / name
        with self._lock:
            verified = self._kept.pop(name, False)
            if not verified:
                self._make_room()
                self._fetch(name, path)
            self._kept[name] = True
            self._given[threading.get_ident()] = name
        return path

    def _make_room(self) -> None:
        """Delete what was used longest ago until there is room for one more."""
        pinned = {n for thread, n in self._given.items() if thread != threading.get_ident()}
        spare = len(self._kept) + 1 - self._most
        for name in [name for name in self._kept if name not in pinned][: max(0, spare)]:
            (self._folder / name).unlink(missing_ok=True)
            del self._kept[name]


def fetch_as_read(context: Context, ref: Ref, most: int) -> tuple[Path, Callable[[str], Path]]:
    """Return a folder with a dataset's manifest, runs and verdict, and how to open a shard by name.

    At most `most` shards stay in the step's scratch folder, whatever the size of the dataset.

    Raises:
        MissingRef: no such dataset. Corrupt: a file has changed bytes; a shard, when it is opened.
    """
    folder, shards = context.scratch / "dataset", context.scratch / "fetched"
    for path in context.files(ref):
        if path in (MANIFEST, VERDICT) or path.startswith(f"{RUNS}/"):
            context.fetch(ref, path, folder / path)
    cache = ShardCache(lambda name, target: context.fetch(ref, name, target), shards, most)
    return folder, cache.open

"""Remove what nothing needs from a state folder; safe at any kill, and beside a commit."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from configs.schema.retention import Retention
from tasks.data.garbage import Kept, Removal, lasting, store_garbage
from tasks.data.in_use import HomeInUse, alone_in
from tasks.data.leftovers import GIB, downloads, held, leftovers, newest
from tasks.store.local import LocalStore

Say = Callable[[float, float, str], None]


@dataclass
class Collected:
    """What was removed, or would be: files and bytes by kind, in the order of removal."""

    files: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)  # scratch folders that a process works in

    @property
    def freed(self) -> int:
        return sum(self.bytes.values())


def collect(home: Path, policy: Retention, now: float, dry_run: bool, say: Say) -> Collected:
    """Remove what no reference reaches; with `dry_run`, only say what that would be.

    Args:
        now: seconds of the epoch, from which ages count.

    Raises:
        StoreError: the store is damaged, so that nobody knows what is needed.
    """
    store = LocalStore(home / "store")
    needed = Kept(store)
    if store.root.is_dir():
        needed.add(lasting(home, store, policy))
    removals = list(store_garbage(store, policy, now, needed)) if store.root.is_dir() else []
    gone = {one.path.stem for one in removals if one.kind == "index entries"}
    done = set(store.identities()) - gone
    removals += leftovers(home, policy, now, needed.identities | done, done)
    found = remove(removals, dry_run, say)
    found.held = held(home)
    return found


def trim_downloads(home: Path, policy: Retention) -> None:
    """Bring what was fetched from lakeFS back within its bound, unless somebody may be reading it.

    Of what was put here nothing waits to be sent: whoever puts holds the lock until it is sent.
    """
    with suppress(HomeInUse), alone_in(home):
        spare = downloads(home / "lakefs", policy.cache_gib * GIB, time.time())
        remove(list(spare), dry_run=False, say=lambda *_: None)


def remove(removals: Sequence[Removal], dry_run: bool, say: Say) -> Collected:
    """Remove what is still due: somebody may have used one since it was found."""
    found = Collected()
    for number, one in enumerate(removals, 1):
        if is_due(one):
            found.files[one.kind] = found.files.get(one.kind, 0) + 1
            found.bytes[one.kind] = found.bytes.get(one.kind, 0) + size_of(one.path)
            if not dry_run:
                discard(one.path)
        if not dry_run:
            say(number, len(removals), "files")
    return found


def is_due(removal: Removal) -> bool:
    try:
        return newest(removal.path) < removal.before
    except FileNotFoundError:
        return False


def discard(path: Path) -> None:
    """Remove a file or folder, and the folders above it that this leaves empty of names."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    path.unlink(missing_ok=True)
    if path.name.startswith("@"):  # of a branch's folder nothing may be left
        for folder in path.parents:
            if folder.name == "heads":
                break
            with suppress(OSError):
                folder.rmdir()


def size_of(path: Path) -> int:
    """Return the bytes that a removal frees; what is checked out are links to objects."""
    if "checkouts" in path.parts:
        return 0
    files = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    return sum(file.lstat().st_size for file in files if file.is_symlink() or file.is_file())

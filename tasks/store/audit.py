"""What a store answers about its own names, records and files when they are verified.

A reason is "" for what is sound.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from tasks.store.backend import EMPTY
from tasks.store.blobs import hash_file, set_aside
from tasks.store.local import LocalStore
from tasks.store.names import REMEDY
from tasks.store.protocol import Blob, Commit, Corrupt, MissingRef, StoreError
from tasks.store.store import Store

CHANGED, MISSING = "has changed bytes", "is missing"


class Claim(NamedTuple):
    """Something that names a version: a branch, tag or index entry, or why it cannot be read."""

    what: str
    version: str  # "" for an empty branch, and a state of a step's branch that is superseded
    reason: str = ""


@dataclass(frozen=True)
class Damage:
    """One damaged or missing thing, and what needs it."""

    what: str
    reason: str
    needed_by: str
    also: int = 0  # how many other files need it
    blob: Blob | None = None  # of an object


class Auditor:
    """Asks a store; on a lakeFS server every byte is fetched, and none is kept."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def names(self) -> Iterator[Claim]:
        for branch in self.store.branches():
            version = EMPTY
            with suppress(MissingRef):
                version = self.store.resolve(branch)
            yield Claim(f"branch {branch}", version)
        for tag, version in self.store.tags().items():
            yield Claim(f"tag {tag}", version, "" if version else "names no version")

    def entries(self) -> Iterator[Claim]:
        for identity in sorted(self.store.identities()):
            what, version = self.store.entry.format(identity), None
            with suppress(StoreError, ValueError, KeyError, TypeError):
                entry = self.store.index_entry(identity)
                version = entry["ref"]["version"] if entry["identity"] == identity else None
            if isinstance(version, str):
                yield Claim(what, version)
            else:
                yield Claim(what, EMPTY, f"{CHANGED}; delete it to run the step again")

    def commit(self, version: str) -> Commit | str:
        try:
            return self.store.read(version)
        except MissingRef:
            return MISSING
        except Corrupt:
            return CHANGED

    def blob(self, blob: Blob, version: str, path: str) -> str:
        found = self.store.digest(version, path, blob)
        return MISSING if found is None else "" if found == blob.sha256 else CHANGED

    def unnamed(self, versions: set[str], objects: set[str]) -> Iterator[tuple[str, str]]:
        """Yield (file, reason) of damaged files that nothing names; lakeFS sweeps its own."""
        return iter(())

    def set_aside(self, damage: Damage) -> None:
        """Let changed bytes count as lost; on a lakeFS server they are put back by hand."""


class LocalAuditor(Auditor):
    """Looks at every file; nothing that the store remembers is believed."""

    def __init__(self, store: LocalStore) -> None:
        self.root, self.local = store.root, LocalStore(store.root)
        super().__init__(self.local)

    def names(self) -> Iterator[Claim]:
        for names in (self.local.heads, self.local.marks):
            for name in names.all():
                *superseded, last = names.numbers(name)
                for number in (last, *reversed(superseded)):
                    what = names.file(name, number).relative_to(self.root).as_posix()
                    # Of a step made anew, with other metrics: the index has what is in force.
                    past = name.startswith("steps/") and number != last
                    try:
                        version = names.read(name, number)
                        yield Claim(what, EMPTY if past else version)
                    except Corrupt:
                        yield Claim(what, EMPTY, f"{CHANGED}; {REMEDY}")

    def unnamed(self, versions: set[str], objects: set[str]) -> Iterator[tuple[str, str]]:
        for folder, known in (("commits", versions), ("objects", objects)):
            for file in sorted((self.root / folder).rglob("*")):
                if file.is_file() and file.stem not in known and hash_file(file) != file.stem:
                    yield file.relative_to(self.root).as_posix(), CHANGED

    def set_aside(self, damage: Damage) -> None:
        if damage.blob is not None:
            path = self.local.objects.path(damage.blob)
            if path.exists() and not self.local.objects.intact(damage.blob):
                set_aside(self.root, path)
        elif damage.what.startswith(("objects/", "commits/", "index/")):
            set_aside(self.root, self.root / damage.what)

"""Every file of a local store under the eyes of `verify`."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tasks.store.audit import Claim, Damage, read_or_reason
from tasks.store.entries import read_entry
from tasks.store.local import LocalStore
from tasks.store.names import REMEDY
from tasks.store.objects import hash_file, set_aside
from tasks.store.protocol import Blob, Commit, Corrupt
from tasks.store.reading import EMPTY

CHANGED, MISSING = "has changed bytes", "is missing"


class LocalAuditor:
    """Answers by reading the disk; nothing that the store remembers is believed."""

    def __init__(self, store: LocalStore) -> None:
        self._root = store.root
        self._store = LocalStore(store.root)

    def names(self) -> Iterator[Claim]:
        for names in (self._store.heads, self._store.marks):
            for name in names.all():
                for number in reversed(names.numbers(name)):
                    what = names.file(name, number).relative_to(self._root).as_posix()
                    try:
                        version = names.read(name, number)
                        # Of a step made anew, with other metrics: the index has what is in force.
                        past = name.startswith("steps/") and names.numbers(name)[-1] != number
                        yield Claim(what, EMPTY if past else version)
                    except Corrupt:
                        yield Claim(what, "", f"{CHANGED}; {REMEDY}")

    def entries(self) -> Iterator[Claim]:
        for file in sorted((self._root / "index").glob("*")):
            what = file.relative_to(self._root).as_posix()
            with suppress(ValueError, KeyError, TypeError):
                entry = read_entry(file.read_bytes())
                if entry["identity"] == file.stem and isinstance(entry["ref"]["version"], str):
                    yield Claim(what, entry["ref"]["version"])
                    continue
            yield Claim(what, "", f"{CHANGED}; delete it to run the step again")

    def commit(self, version: str) -> Commit | str:
        path = self._commit_file(version)
        if path.is_file() and hash_file(path) != version:  # also what JSON does not see
            return CHANGED
        return read_or_reason(self._store.read, version)

    def blob(self, blob: Blob, version: str, path: str) -> str:
        file = self._store.objects.path(blob.sha256)
        if not file.is_file():
            return MISSING
        sound = file.stat().st_size == blob.size and hash_file(file) == blob.sha256
        return "" if sound else CHANGED

    def unnamed(self, versions: set[str], objects: set[str]) -> Iterator[tuple[str, str]]:
        for folder, known in (("commits", versions), ("objects", objects)):
            for file in sorted((self._root / folder).rglob("*")):
                if file.is_file() and file.stem not in known and hash_file(file) != file.stem:
                    yield file.relative_to(self._root).as_posix(), CHANGED

    def set_aside(self, damage: Damage) -> None:
        if damage.blob is not None:
            path = self._store.objects.path(damage.blob.sha256)
            if path.exists() and not self._store.objects.intact(damage.blob):
                set_aside(self._root, path)
        elif damage.what.startswith(("objects/", "commits/", "index/")):
            set_aside(self._root, self._root / damage.what)

    def _commit_file(self, version: str) -> Path:
        return self._root / "commits" / f"{version}.json"

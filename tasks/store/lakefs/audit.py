"""A lakeFS repository under the eyes of `verify`: every byte is fetched, and none is kept."""

import hashlib
from collections.abc import Iterator

from tasks.store.audit import Claim, Damage, read_or_reason
from tasks.store.lakefs.connection import Absent
from tasks.store.lakefs.store import LakeFSStore
from tasks.store.lakefs.versions import VERSION
from tasks.store.protocol import Blob, Commit, Corrupt, MissingRef


class LakeFSAuditor:
    def __init__(self, store: LakeFSStore) -> None:
        self._store = store

    def names(self) -> Iterator[Claim]:
        for branch in self._store.branches():
            try:
                yield Claim(f"branch {branch}", self._store.resolve(branch))
            except MissingRef:
                yield Claim(f"branch {branch}", "")
        for tag, version in self._store.tags().items():
            reason = "" if version else "names no version"
            yield Claim(f"tag {tag}", version, reason)

    def entries(self) -> Iterator[Claim]:
        for identity in self._store.index.identities():
            what = f"index/{identity}"
            try:
                yield Claim(what, self._store.index.entry(identity)["ref"]["version"])
            except (Corrupt, MissingRef):
                yield Claim(what, "", "has changed bytes; delete it to run the step again")

    def commit(self, version: str) -> Commit | str:
        return read_or_reason(self._store.read, version)

    def blob(self, blob: Blob, version: str, path: str) -> str:
        digest = hashlib.sha256()
        try:
            for piece in self._store.repository.read(VERSION + version, path):
                digest.update(piece)
        except Absent:
            return "is missing"
        return "" if digest.hexdigest() == blob.sha256 else "has changed bytes"

    def unnamed(self, versions: set[str], objects: set[str]) -> Iterator[tuple[str, str]]:
        return iter(())  # what nothing names is lakeFS's own to sweep

    def set_aside(self, damage: Damage) -> None:
        pass  # lakeFS never overwrites an object: it is put back in the server's storage

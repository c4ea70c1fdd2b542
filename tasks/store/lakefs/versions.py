"""Versions in a lakeFS repository: written on a private branch, named, moved to, read back.

A version is one or more lakeFS commits with the files of its tree under their paths and, as one
more object, its record. A tag names the first of them.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tasks.store.lakefs.connection import Absent, Taken
from tasks.store.lakefs.names import to_lakefs
from tasks.store.lakefs.repository import Repository
from tasks.store.objects import (
    ObjectFolder,
    hash_file,
    place,
    temporary_file,
    write_durably,
)
from tasks.store.protocol import Blob, Commit, Corrupt, MissingRef, StoreError
from tasks.store.reading import EMPTY

RECORD = ".dexgen/commit.json"  # a path that no tree has: parts of names begin with no dot
VERSION = "version."  # with the version's id: a tag
ADOPTIONS = 10  # attempts to write a version that others write at the same time
MARK_DIGITS = 16  # of a version that is adopted, in the name of its private branch

Place = tuple[str, str]  # a lakeFS ref and a path there


@dataclass(frozen=True)
class Head:
    """Where a branch is: lakeFS's own commit, and the version that it holds."""

    commit: str
    version: str


class Versions:
    """What was put is kept in `cache` until it is sent, and what was opened, both by hash."""

    def __init__(self, repository: Repository, cache: ObjectFolder) -> None:
        self._repository, self._cache = repository, cache
        self._commits: dict[str, Commit] = {}

    def at(self, ref: str) -> str:
        """Return the version that a lakeFS ref holds, "" for none."""
        return self._repository.hash_of(ref, RECORD) or EMPTY

    def head(self, branch: str) -> Head | None:
        """Return where a branch is; None when there is no such branch."""
        name = to_lakefs(branch)
        commit = None if name == self._repository.root else self._repository.head(name)
        return None if commit is None else Head(commit, self.at(commit))

    def read(self, version: str) -> Commit:
        """Return a version's record. Raises MissingRef or Corrupt."""
        if version not in self._commits:
            place = self._repository.place
            try:
                content = b"".join(self._repository.read(VERSION + version, RECORD))
            except Absent:
                raise MissingRef(f"{version[:12]}: no such version in {place}") from None
            try:
                commit = Commit.from_bytes(content)
            except (ValueError, KeyError, TypeError, AttributeError):
                commit = None
            if commit is None or commit.id != version:
                raise Corrupt(
                    f"version {version[:12]}: {RECORD} has changed bytes in {place}; put it back"
                )
            self._commits[version] = commit
        return self._commits[version]

    def time_of(self, version: str) -> str:
        """Return when a version was made, here or where it was pushed from; "" if unknown."""
        return self._repository.time_of(VERSION + version, RECORD)

    def readable(self, version: str) -> bool:
        try:
            return self.read(version).id == version
        except (MissingRef, Corrupt):
            return False

    def take(self, file: Path) -> Blob:
        """Keep a file's present bytes until they are sent."""
        return self._cache.add(file)

    def place(self, version: str, path: str, blob: Blob, target: Path) -> None:
        """Make `target` a verified, read-only file of a version.

        Raises:
            Corrupt: no copy has the bytes that the hash promises.
        """
        holder = f"{version[:12]}:{path}"
        try:
            self._cache.link(blob, target, holder)
        except Corrupt:  # not here yet, or damaged here
            self._read(blob, (VERSION + version, path), holder, self._cache.receive)
            self._cache.link(blob, target, holder)
        self._cache.touch(blob)  # what was used longest ago goes first

    def fetch(self, version: str, path: str, blob: Blob, target: Path) -> None:
        """As `place`, and keep no copy that was not here before."""
        if target.is_file() and hash_file(target) == blob.sha256:
            return
        if self._cache.intact(blob):
            self.place(version, path, blob, target)
            return

        def receive(chunks: Iterable[bytes], what: str) -> Blob:
            with temporary_file(target.parent, what) as temporary:
                found = write_durably(temporary, chunks)
                if found == blob:
                    place(temporary, target)
            return found

        self._read(blob, (VERSION + version, path), f"{version[:12]}:{path}", receive)

    def publish(self, made: Commit, facts: Mapping[str, str]) -> None:
        """Write a version apart from every branch, unless it is there."""
        if not self.readable(made.id):
            with self._repository.work(self._repository.root) as work:
                self._write(work, made, {}, facts)

    def adopt(
        self,
        made: Commit,
        facts: Mapping[str, str],
        places: Mapping[str, Place],
        file_of: Callable[[Blob], Path],
        time_utc: str,
    ) -> bool:
        """Write a version from files that lie elsewhere; False if it is there.

        `places` as in `advance`; `time_utc` is when it was made there, "" if nobody knows. If it
        breaks off, the next attempt sends only what is missing.

        Raises:
            Corrupt: a file's bytes are not what the hash promises.
        """

        def verified(blob: Blob) -> Path:
            file = file_of(blob)
            if not file.is_file() or hash_file(file) != blob.sha256:
                said = f"object {blob.sha256[:12]} is damaged here; see verify"
                raise Corrupt(f"{made.id[:12]}: {said}")
            return file

        mark = made.id[:MARK_DIGITS]
        for _ in range(ADOPTIONS):
            if self.readable(made.id):
                return False
            # Another push, which has the same to say, may be done with that branch and delete it.
            with (
                suppress(Absent),
                self._repository.lasting_work(self._repository.root, mark) as work,
            ):
                self._write(work, made, places, facts, verified, time_utc)
                return True
        raise StoreError(
            f"{self._repository.place}: version {made.id[:12]} is pushed by others at once; run "
            "the same command again"
        )

    def advance(
        self,
        branch: str,
        head: Head,
        made: Commit,
        places: Mapping[str, Place],
        facts: Mapping[str, str],
        bring: str = EMPTY,
    ) -> bool:
        """Move a branch from `head` to a version; False when somebody else has moved it since.

        `places` says where to copy files from that are on this server; the others are sent.
        `bring` is a version whose files lakeFS merges in first, which moves no bytes at all.
        """
        try:
            with self._repository.work(head.commit) as work:
                if bring != EMPTY:
                    self._repository.merge(VERSION + bring, work, made.message, facts, wins=True)
                commit = self._write(work, made, places, facts)
                self._repository.merge(commit, to_lakefs(branch), made.message, facts)
        except Taken:
            return False
        return True

    def _write(
        self,
        work: str,
        made: Commit,
        places: Mapping[str, Place],
        facts: Mapping[str, str],
        file_of: Callable[[Blob], Path] | None = None,
        time_utc: str | None = None,
    ) -> str:
        """Make a private branch hold a version and nothing else; commit, name, return its id."""
        there = self._repository.objects(work)
        file_of = file_of or (lambda blob: self._cache.path(blob.sha256))
        for path, blob in made.tree.items():
            if there.get(path) == blob.sha256:
                continue
            if path in places:
                self._repository.copy(work, path, *places[path])
            else:
                self._repository.upload(work, path, file_of(blob), blob.sha256)
        gone = there.keys() - made.tree.keys() - {RECORD}
        if gone:
            self._repository.delete(work, gone)
        self._repository.upload(work, RECORD, made.to_bytes(), made.id, time_utc)
        commit = self._repository.commit(work, made.message, {**facts, "dexgen_version": made.id})
        self._repository.create_tag(VERSION + made.id, commit)
        return commit

    def _read(
        self,
        blob: Blob,
        own: Place,
        holder: str,
        receive: Callable[[Iterable[bytes], str], Blob],
    ) -> None:
        """Give an object's bytes to `receive`, which says what came, until they are right."""
        for _ in range(2):  # the first may have suffered on the way
            with suppress(Absent):
                if receive(self._repository.read(*own), f"open {holder}") == blob:
                    return
        raise Corrupt(
            f"{holder}: object {blob.sha256} has changed bytes or is gone in "
            f"{self._repository.place}; put it back in the server's storage"
        )

"""A repository of a lakeFS server: the operations that the store is made of.

Each may be repeated without harm: a request whose answer was lost is sent again. Facts: lakeFS's
published API, version 1.0.0.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lakefs.object import StoredObject, WriteableObject
from lakefs_sdk.models.branch_creation import BranchCreation
from lakefs_sdk.models.commit_creation import CommitCreation
from lakefs_sdk.models.merge import Merge
from lakefs_sdk.models.object_copy_creation import ObjectCopyCreation
from lakefs_sdk.models.path_list import PathList
from lakefs_sdk.models.tag_creation import TagCreation

from configs.schema.store import LakeFSSettings
from tasks.store.blobs import chunks_of
from tasks.store.lakefs.connection import IN_PASSING, Absent, Connection, Taken
from tasks.store.protocol import StoreError

HASH = "sha256"  # user metadata of every object that the store wrote
TIME = "time"  # user metadata of what was made elsewhere: when, "" if nobody knows
CHUNK = 1 << 24  # [bytes] of one read request
WORK = "_work-"  # private branches: then when they began, in hexadecimal seconds, and a random word
PAGE = 1000  # names of one request to list or delete, the most that lakeFS takes


class Repository:
    """Branches, tags, commits and objects of one repository. Raises StoreError throughout."""

    def __init__(self, config: LakeFSSettings) -> None:
        """Connect.

        Raises:
            StoreError: no credentials, or they are refused; no such server or repository.
        """
        self._connection, self._presign = Connection(config), config.presign
        self.place = self._connection.place
        self._name, self._api = config.repository, self._connection.api
        try:
            found = self._ask("open", self._api.repositories_api.get_repository)
        except Absent:
            raise StoreError(
                f"{self.place}: no such repository; make it: lakectl repo create "
                f"lakefs://{self._name} STORAGE_NAMESPACE --default-branch root"
            ) from None
        self.root: str = found.default_branch  # where every history begins
        if config.presign and not self._signs():
            raise StoreError(
                f"{self.place}: its storage signs no addresses; set store.presign=false"
            )

    def create_branch(self, branch: str, source: str) -> bool:
        """Make a branch; False when it exists."""
        making = BranchCreation(name=branch, source=source)
        return self._create(f"make branch {branch}", self._api.branches_api.create_branch, making)

    def create_tag(self, tag: str, ref: str) -> bool:
        """Name a commit; False when the name exists."""
        making = TagCreation(id=tag, ref=ref)
        return self._create(f"make tag {tag}", self._api.tags_api.create_tag, making)

    def head(self, branch: str) -> str | None:
        """Return lakeFS's own id of a branch's last commit; None without the branch."""
        with suppress(Absent):
            return self._ask(f"read {branch}", self._api.branches_api.get_branch, branch).commit_id
        return None

    def branches(self, prefix: str = "") -> list[str]:
        listed = self._pages("branches", self._api.branches_api.list_branches, prefix=prefix)
        return [ref.id for ref in listed]

    def tags(self, prefix: str) -> list[str]:
        found = self._pages("tags", self._api.tags_api.list_tags, prefix=prefix)
        return [ref.id for ref in found]

    @contextmanager
    def work(self, source: str, mark: str = "") -> Iterator[str]:
        """Give a private branch at `source`; what is put on it nobody else sees or keeps.

        A process that is killed leaves it behind, and nothing reads it; its name has its age. With
        a `mark` what breaks off stays, for the next who asks for the same mark.
        """
        found = self.branches(WORK) if mark else []
        known = [name for name in found if begun(name) >= 0 and name.endswith(f"-{mark}")]
        fresh = f"{WORK}{int(time.time()):x}-{mark or secrets.token_hex(8)}"
        branch, over = known[0] if known else fresh, not mark
        self.create_branch(branch, source)
        try:
            yield branch
            over = True
        finally:
            if over:
                with suppress(StoreError):  # it disturbs nobody; what went wrong matters more
                    self._delete_branch(branch)

    def sweep(self, before: float, dry_run: bool = False) -> list[str]:
        """Delete private branches begun before a time [s of the epoch], or only return them."""
        found = [name for name in self.branches(WORK) if 0 <= begun(name) < before]
        for name in () if dry_run else found:
            with suppress(Absent):  # its process was only slow, and has just deleted it
                self._delete_branch(name)
        return found

    def commit(self, branch: str, message: str, facts: Mapping[str, str]) -> str:
        """Commit what is put on a private branch; return lakeFS's own id of the commit."""
        making = CommitCreation(message=message, metadata=dict(facts), allow_empty=True)
        commit, options = self._api.commits_api.commit, self._connection.patience
        return self._connection.again(
            f"commit to {branch}",
            lambda: commit(self._name, branch, making, **options).id,
            IN_PASSING | {409},  # on a private branch nobody else can be in the way for long
        )

    def merge(
        self, source: str, into: str, message: str, facts: Mapping[str, str], wins: bool = False
    ) -> None:
        """Merge lakeFS's way.

        Raises:
            Taken: both sides changed a path, and the source does not win.
            StoreError: a hook of the repository refuses it.
        """
        making = Merge(
            message=message,
            metadata=dict(facts),
            strategy="source-wins" if wins else "",
            allow_empty=True,
        )
        merge = self._api.refs_api.merge_into_branch
        self._ask(f"merge into {into}", merge, source, into, merge=making)

    def upload(
        self,
        branch: str,
        path: str,
        content: bytes | Path,
        sha256: str,
        time_utc: str | None = None,
    ) -> None:
        """Put a file's or the given bytes on a branch; there is all of it or nothing.

        `time_utc` is when they were made, if that was elsewhere.
        """
        noted = {HASH: sha256} if time_utc is None else {HASH: sha256, TIME: time_utc}

        def send() -> None:
            target = WriteableObject(self._name, branch, path, self._connection.client)
            options = {"pre_sign": self._presign, "metadata": noted}
            with target.writer("wb", **options, **self._connection.patience) as writer:
                for piece in chunks_of(content) if isinstance(content, Path) else (content,):
                    writer.write(piece)

        self._connection.again(f"upload {path}", send)

    def copy(self, branch: str, path: str, ref: str, source: str) -> None:
        """Put an object of a commit on a branch; no bytes pass through here."""
        making = ObjectCopyCreation(src_ref=ref, src_path=source)
        self._ask(f"copy {source}", self._api.objects_api.copy_object, branch, path, making)

    def delete(self, branch: str, paths: Iterable[str]) -> None:
        """Take objects off a branch; it does not matter whether they are there."""
        rest = sorted(paths)
        while rest:
            gone, rest = PathList(paths=rest[:PAGE]), rest[PAGE:]
            answer = self._ask("delete", self._api.objects_api.delete_objects, branch, gone)
            for error in answer.errors:
                raise StoreError(f"{self.place}: delete {error.path}: {error.message}")

    def objects(self, ref: str) -> dict[str, str]:
        """Return the sha256 noted for each path; objects that the store did not write are none."""
        found = self._pages("objects", self._api.objects_api.list_objects, ref)
        return {item.path: item.metadata[HASH] for item in found if HASH in (item.metadata or {})}

    def hash_of(self, ref: str, path: str) -> str | None:
        """Return the sha256 noted for an object; None without one."""
        with suppress(Absent):
            found = self._ask(f"look at {path}", self._api.objects_api.stat_object, ref, path)
            return (found.metadata or {}).get(HASH)
        return None

    def time_of(self, ref: str, path: str) -> str:
        """Return when an object was made, here or before it came here; "" if nobody knows."""
        with suppress(Absent):
            found = self._ask(f"look at {path}", self._api.objects_api.stat_object, ref, path)
            here = datetime.fromtimestamp(found.mtime, UTC).isoformat(timespec="milliseconds")
            return (found.metadata or {}).get(TIME, here)
        return ""

    def read(self, ref: str, path: str) -> Iterator[bytes]:
        """Yield an object's bytes, a piece at a time. Raises Absent."""
        stored = StoredObject(self._name, ref, path, self._connection.client)
        reader = stored.reader("rb", pre_sign=self._presign, **self._connection.patience)
        while piece := self._connection.again(f"read {path}", lambda: reader.read(CHUNK)):
            yield piece if isinstance(piece, bytes) else piece.encode()

    def _signs(self) -> bool:
        ask = self._api.config_api.get_config
        found = self._connection.again("configuration", lambda: ask(**self._connection.patience))
        return found.storage_config is None or found.storage_config.pre_sign_support

    def _delete_branch(self, branch: str) -> None:
        self._ask(f"delete {branch}", self._api.branches_api.delete_branch, branch)

    def _ask(self, what: str, operation: Callable[..., Any], *of: Any, **more: Any) -> Any:
        options = more | self._connection.patience
        return self._connection.again(what, lambda: operation(self._name, *of, **options))

    def _create(self, what: str, operation: Callable[..., Any], making: Any) -> bool:
        sent = 0

        def send() -> None:
            nonlocal sent
            sent += 1
            operation(self._name, making, **self._connection.patience)

        try:
            self._connection.again(what, send)
        except Taken:
            return sent > 1  # most likely by our own request before, whose answer was lost
        return True

    def _pages(self, what: str, operation: Callable[..., Any], *of: str, **more: Any) -> Any:
        """Yield all of a listing, page by page."""
        after, has_more = "", True
        while has_more:
            page = self._ask(f"list {what}", operation, *of, after=after, amount=PAGE, **more)
            yield from page.results
            after, has_more = page.pagination.next_offset, page.pagination.has_more


def begun(branch: str) -> int:
    """Return when a private branch began [s of the epoch]; -1 of any other branch."""
    found = re.match(f"{WORK}([0-9a-f]+)-", branch)
    return int(found[1], 16) if found else -1

"""The version store in a repository of a lakeFS server, for machines that share one.

    branch <name>          a branch (names.py)             tag version.<id>  versions.py
    branch _work-<random>  being written, private          tag tag.<name>    a tag
    branch _index          steps that are done; put there, never committed

A branch is at the version whose record its lakeFS branch holds. It moves by a lakeFS merge of a
private branch that began at its head. That is the compare-and-swap: every version changes the
record, so of two that began at one head the second conflicts, and is joined anew, by the rules of
history.py and not by lakeFS's. And it is where lakeFS runs the hooks of the branch.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from configs.refs import Ref
from configs.schema.store import LakeFSSettings as Settings
from tasks.store.backend import EMPTY, Head, Move
from tasks.store.blobs import hash_file, place, temporary_file, write_durably
from tasks.store.lakefs.connection import Absent, Taken
from tasks.store.lakefs.names import from_lakefs, to_lakefs
from tasks.store.lakefs.repository import Repository
from tasks.store.lakefs.versions import RECORD, VERSION, Place, facts_of, write
from tasks.store.protocol import Blob, Commit, Conflict, Corrupt, check_name
from tasks.store.store import Store

TAG = "tag."
INDEX = "_index"  # no branch of the store is written so


class LakeFSStore(Store):
    """A VersionStore in a lakeFS repository; see protocol.py for what each method means.

    `folder` keeps what was put and opened, by hash: nothing is fetched twice, and it may be
    deleted whenever nothing runs.
    """

    name = "lakefs"
    record, entry = f"{VERSION}{{}}/{RECORD}", f"{INDEX}/{{}}"  # lakeFS ref and path

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Connect. Raises StoreError: no credentials, no server, no repository."""
        self.repository = Repository(settings)
        super().__init__(folder, self.repository.place)
        self._settings = settings

    def branches(self) -> list[str]:
        others = (name for name in self.repository.branches() if name != self.repository.root)
        return sorted(name for name in map(from_lakefs, others) if name is not None)

    def tags(self) -> dict[str, str]:
        found = {tag: from_lakefs(tag.removeprefix(TAG)) for tag in self.repository.tags(TAG)}
        return {name: self._at(tag) for tag, name in found.items() if name is not None}

    def versions(self, prefix: str = "") -> list[str]:
        return [tag.removeprefix(VERSION) for tag in self.repository.tags(VERSION + prefix)]

    def times(self, versions: Iterable[str]) -> dict[str, str]:
        """Return when versions were made, here or where they were pushed from."""
        return {one: self.repository.time_of(VERSION + one, RECORD) for one in versions}

    def index_drop(self, identity: str) -> None:
        with suppress(Absent):
            self.repository.delete(INDEX, [check_name(identity)])

    def identities(self) -> list[str]:
        with suppress(Absent):
            return list(self.repository.objects(INDEX))
        return []

    def digest(self, version: str, path: str, blob: Blob) -> str | None:
        found = hashlib.sha256()
        with suppress(Absent):
            for piece in self.repository.read(VERSION + version, path):
                found.update(piece)
            return found.hexdigest()
        return None

    def _at(self, ref: str) -> str:
        """Return the version that a lakeFS ref holds."""
        return self.repository.hash_of(ref, RECORD) or EMPTY

    def _find(self, branch: str) -> Head | None:
        name = to_lakefs(branch)
        commit = None if name == self.repository.root else self.repository.head(name)
        return None if commit is None else Head(commit, self._at(commit))

    def _begin(self, branch: str) -> Head:
        # Without a version: so the hooks of the branch judge the first that comes to it too.
        self._make(branch, EMPTY)
        return self._head(branch)

    def _make(self, branch: str, version: str) -> bool:
        start = self.repository.root if version == EMPTY else VERSION + version
        return self.repository.create_branch(to_lakefs(branch), start)

    def _advance(self, branch: str, head: Head, move: Move) -> bool:
        made, bring = move.made, move.bring
        comes = made if bring in (EMPTY, made.id) else self.read(bring)
        said = facts_of(comes)  # what comes in is what a hook has to judge
        places: dict[str, Place] = {}
        for version, tree in ((bring, comes.tree), (head.version, self._tree(head.version))):
            same = (path for path, blob in tree.items() if made.tree.get(path) == blob)
            places |= {path: (VERSION + version, path) for path in same if version != EMPTY}
        places |= {path: (VERSION + ref.version, ref.path) for path, ref in move.sources.items()}
        for attempt in range(self._settings.attempts):
            try:
                with self.repository.work(head.mark) as work:
                    if bring != EMPTY:  # lakeFS merges its files in, which moves no bytes at all
                        self.repository.merge(VERSION + bring, work, made.message, said, wins=True)
                    commit = write(self.repository, work, made, places, self.objects.path)
                    self.repository.merge(commit, to_lakefs(branch), made.message, said)
                return True
            except Taken:
                if self._head(branch) != head:
                    return False
                time.sleep(self._settings.pause_s * 2**attempt)
        raise Conflict(
            f"{move.what}: refused {self._settings.attempts} times, though nobody moves it; try "
            "again later"
        )

    def _save(self, made: Commit) -> None:
        if not self.whole(Ref(self.name, made.id, "")):
            with self.repository.work(self.repository.root) as work:
                write(self.repository, work, made, {}, self.objects.path)

    def _tagged(self, tag: str) -> str:
        return self._at(TAG + to_lakefs(tag))

    def _make_tag(self, tag: str, version: str) -> bool:
        return self.repository.create_tag(TAG + to_lakefs(tag), VERSION + version)

    def _place(self, version: str, path: str, blob: Blob, target: Path) -> None:
        holder = f"{version[:12]}:{path}"
        try:
            self.objects.link(blob, target, holder)
        except Corrupt:  # not here yet, or damaged here
            keep = partial(self.objects.receive, what=f"open {holder}")
            self._download(version, path, blob, keep)
            self.objects.link(blob, target, holder)
        self.objects.touch(blob)  # what was used longest ago goes first

    def _fetch(self, version: str, path: str, blob: Blob, target: Path) -> None:
        if target.is_file() and hash_file(target) == blob.sha256:
            return
        if self.objects.intact(blob):
            self._place(version, path, blob, target)
            return
        with temporary_file(target.parent, f"open {version[:12]}:{path}") as temporary:
            self._download(version, path, blob, partial(write_durably, temporary))
            place(temporary, target)

    def _download(
        self, version: str, path: str, blob: Blob, keep: Callable[[Iterable[bytes]], Blob]
    ) -> None:
        """Give a file's bytes to `keep`, which says what came."""
        with suppress(Absent):
            if keep(self.repository.read(VERSION + version, path)) == blob:
                return
        raise Corrupt(
            f"{version[:12]}:{path}: object {blob.sha256} has changed bytes or is gone in "
            f"{self.place}; put it back in the server's storage"
        )

    def _read(self, name: str) -> bytes | None:
        with suppress(Absent):
            return b"".join(self.repository.read(*name.split("/", 1)))
        return None

    def _write(self, name: str, content: bytes) -> None:
        self.repository.create_branch(INDEX, self.repository.root)
        branch, path = name.split("/", 1)
        self.repository.upload(branch, path, content, hashlib.sha256(content).hexdigest())

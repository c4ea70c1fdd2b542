"""The version store in a repository of a lakeFS server, for machines that share one.

    branch <name>          a branch (names.py)             tag version.<id>  versions.py
    branch _work-<random>  being written, private          tag tag.<name>    a tag
    branch _index          index.py

A branch is at the version whose record its lakeFS branch holds. It moves by a lakeFS merge of a
private branch that began at its head. That is the compare-and-swap: every version changes the
record, so of two that began at one head the second conflicts, and is joined anew, by the rules of
history.py and not by lakeFS's. And it is where lakeFS runs the hooks of the branch.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from configs.refs import Ref
from configs.schema.store import LakeFSSettings as Settings
from tasks.store.checkouts import check_out
from tasks.store.history import join, merge_trees
from tasks.store.lakefs.index import Index
from tasks.store.lakefs.names import from_lakefs, to_lakefs
from tasks.store.lakefs.repository import Repository
from tasks.store.lakefs.versions import VERSION, Head, Place, Versions
from tasks.store.objects import ObjectFolder
from tasks.store.protocol import Blob, Commit, Conflict, MissingRef, check_name
from tasks.store.reading import EMPTY, Reading, is_prefix

TAG = "tag."


@dataclass
class Staged:
    """Files put on a branch by this handle, and the version that they were put on."""

    base: str
    files: dict[str, Blob] = field(default_factory=dict)
    copied: dict[str, Place] = field(default_factory=dict)


class LakeFSStore(Reading):
    """A VersionStore in a lakeFS repository; see protocol.py for what each method means.

    `folder` keeps what was put and opened, by hash: nothing is fetched twice, and it may be
    deleted whenever nothing runs.
    """

    name = "lakefs"

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Connect. Raises StoreError: no credentials, no server, no repository."""
        self.folder = folder
        self._settings = settings
        self.repository = Repository(settings)
        self.versions = Versions(self.repository, ObjectFolder(folder))
        self.index = Index(self.repository)
        self._staged: dict[str, Staged] = {}

    def branch(self, branch: str, source: str | None) -> None:
        start = self.repository.root if source is None else VERSION + self.resolve(source)
        self._require_no_tag(branch)
        if not self.repository.create_branch(to_lakefs(branch), start):
            raise Conflict(f"branch {branch}: exists already; choose another name")

    def branches(self) -> list[str]:
        others = (name for name in self.repository.branches() if name != self.repository.root)
        return sorted(name for name in map(from_lakefs, others) if name is not None)

    def put(self, branch: str, path: str, file: Path) -> None:
        staged = self._stage(branch, path)
        staged.files[path] = self.versions.take(file)
        staged.copied.pop(path, None)

    def copy(self, branch: str, path: str, source: Ref) -> None:
        blob, staged = self._blob(source), self._stage(branch, path)
        staged.files[path] = blob
        staged.copied[path] = (VERSION + source.version, source.path)

    def commit(
        self,
        branch: str,
        message: str,
        metadata: Mapping[str, Any],
        parents: Sequence[str] = (),
    ) -> str:
        staged = self._staged.pop(branch, None) or Staged(self._head(branch).version)
        base, what = self._tree(staged.base), f"commit to {branch}"

        def attempt(head: Head) -> str | None:
            tree = self._tree(head.version)
            merged = merge_trees(base, tree, {**base, **staged.files}, what)
            if head.version != EMPTY and merged == tree:
                return head.version
            first = () if head.version == EMPTY else (head.version,)
            made = self._record(merged, (*first, *parents), message, metadata)
            held = {p: (VERSION + head.version, p) for p, blob in tree.items() if merged[p] == blob}
            places = held | staged.copied
            moved = self.versions.advance(branch, head, made, places, facts(metadata))
            return made.id if moved else None

        return self._race(branch, what, attempt)

    def merge(self, source: str, into: str) -> str:
        theirs, what = self.read(self.resolve(source)), f"merge {source} into {into}"
        self._require_no_tag(into)
        # Begun empty, not at `source`: so the hooks of `into` judge its first merge too.
        self.repository.create_branch(to_lakefs(into), self.repository.root)

        def attempt(head: Head) -> str | None:
            made = join(head.version, theirs.id, what, self.read)
            if made.id == head.version:
                return made.id
            ours = self._tree(head.version)
            places = {
                path: (VERSION + (head.version if ours.get(path) == blob else theirs.id), path)
                for path, blob in made.tree.items()
            }
            said = facts(theirs.metadata)  # what comes in is what a hook has to judge
            moved = self.versions.advance(into, head, made, places, said, bring=theirs.id)
            return made.id if moved else None

        return self._race(into, what, attempt)

    def tag(self, tag: str, version: str) -> None:
        self.read(version)
        if self.versions.head(tag) is not None:
            raise Conflict(f"{tag}: is a branch's name already; choose another")
        name = TAG + to_lakefs(tag)
        if not self.repository.create_tag(name, VERSION + version):
            held = self.versions.at(name)
            if held != version:
                raise Conflict(f"tag {tag}: names {held[:12]} for good, not {version[:12]}")

    def tags(self) -> dict[str, str]:
        found = {tag: from_lakefs(tag.removeprefix(TAG)) for tag in self.repository.tags(TAG)}
        return {name: self.versions.at(tag) for tag, name in found.items() if name is not None}

    def resolve(self, name: str) -> str:
        head = self.versions.head(name)
        if head is not None and head.version == EMPTY:
            raise MissingRef(f"branch {name}: has no commit yet")
        version = head.version if head is not None else self.versions.at(TAG + to_lakefs(name))
        if version != EMPTY:
            return version
        if is_prefix(name):
            versions = self.repository.tags(VERSION + name)
            if len(versions) == 1:
                return versions[0].removeprefix(VERSION)
        raise MissingRef(f"{name}: no such branch, tag or version in {self.repository.place}")

    def read(self, version: str) -> Commit:
        return self.versions.read(version)

    def open(self, ref: Ref) -> Path:
        def place(path: str, blob: Blob, target: Path) -> None:
            self.versions.place(ref.version, path, blob, target)

        return check_out(self.folder, ref, self._commit_of(ref).tree, place)

    def fetch(self, ref: Ref, target: Path) -> None:
        self.versions.fetch(ref.version, ref.path, self._blob(ref), target)

    def publish(
        self,
        files: Mapping[str, Path],
        message: str,
        metadata: Mapping[str, Any],
        parents: Sequence[str] = (),
    ) -> Ref:
        tree = {check_name(path): self.versions.take(file) for path, file in files.items()}
        made, said = self._record(tree, parents, message, metadata), facts(metadata)
        branch = f"steps/{metadata['identity']}" if "identity" in metadata else f"loose/{made.id}"

        def attempt(head: Head) -> str | None:
            there = head.version == made.id
            moved = there or self.versions.advance(branch, head, made, {}, said, bring=made.id)
            return made.id if moved else None

        self.versions.publish(made, said)
        if not self.repository.create_branch(to_lakefs(branch), VERSION + made.id):
            self._race(branch, f"publish {branch}", attempt)
        return Ref(self.name, made.id, "")

    def version_ids(self) -> set[str]:
        """Return every version that is there."""
        return {tag.removeprefix(VERSION) for tag in self.repository.tags(VERSION)}

    def times(self, versions: Iterable[str]) -> dict[str, str]:
        """Return when versions were made, here or where they were pushed from."""
        return {version: self.versions.time_of(version) for version in versions}

    def adopt(
        self,
        made: Commit,
        file_of: Callable[[Blob], Path],
        known: Mapping[str, Ref],
        time_utc: str,
    ) -> bool:
        """Write a version of another store, made at a time, of which this one holds the parents.

        Returns False if another push has brought it meanwhile.

        `known` says by sha256 which files are here already: they are copied by the server. The
        others are read from `file_of`, verified and sent, each once, whatever breaks off.
        """
        refs = {path: known.get(blob.sha256) for path, blob in made.tree.items()}
        places = {path: (VERSION + ref.version, ref.path) for path, ref in refs.items() if ref}
        return self.versions.adopt(made, facts(made.metadata), places, file_of, time_utc)

    def index_put(self, identity: str, ref: Ref, **facts: Any) -> None:
        time_utc = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = {"identity": identity, "ref": asdict(ref), "time_utc": time_utc, **facts}
        self.index.put(identity, entry)

    def index_get(self, identity: str) -> Ref | None:
        try:
            entry = self.index_entry(identity)
        except MissingRef:
            return None
        versions = [entry["ref"]["version"], entry.get("metrics")]  # what it recorded is part of it
        there = all(self.versions.readable(version) for version in versions if version)
        return Ref(**entry["ref"]) if there else None

    def index_drop(self, identity: str) -> None:
        self.index.drop(identity)

    def index_entry(self, identity: str) -> dict[str, Any]:
        return self.index.entry(identity)

    def index_entries(self) -> list[dict[str, Any]]:
        found = map(self.index_entry, self.index.identities())
        return sorted(found, key=lambda entry: (entry["time_utc"], entry["identity"]))

    def _require_no_tag(self, branch: str) -> None:
        if self.versions.at(TAG + to_lakefs(branch)) != EMPTY:
            raise Conflict(f"{branch}: is a tag's name already; choose another")

    def _stage(self, branch: str, path: str) -> Staged:
        check_name(path)
        if branch not in self._staged:
            self._staged[branch] = Staged(self._head(branch).version)
        return self._staged[branch]

    def _head(self, branch: str) -> Head:
        found = self.versions.head(branch)
        if found is None:
            raise MissingRef(f"branch {branch}: not in {self.repository.place}; make it first")
        return found

    def _race(self, branch: str, what: str, attempt: Callable[[Head], str | None]) -> str:
        """Return what an attempt at a branch's present head returns, once one is not lost.

        Raises:
            Conflict: they are lost although nobody moves the branch.
        """
        last, vain = None, 0
        while vain < self._settings.attempts:
            head = self._head(branch)
            vain = vain + 1 if head == last else 0
            won = attempt(head)
            if won is not None:
                return won
            last = head
            # Not drawn from `random`: a step may have seeded it.
            time.sleep(secrets.SystemRandom().uniform(0.0, self._settings.pause_s * 2**vain))
        raise Conflict(f"{what}: refused {vain} times, though nobody moves it; try again later")


def facts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return metadata as lakeFS shows it to people and hooks: text by name."""
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in metadata.items()
    }

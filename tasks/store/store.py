"""What every store does alike: stage files, join and publish them, resolve names, index steps."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from configs.refs import Ref
from tasks.store.backend import EMPTY, Backend, Head, Move, now
from tasks.store.blobs import ObjectFolder
from tasks.store.checkouts import below, check_out
from tasks.store.entries import read_entry, write_entry
from tasks.store.history import ancestors, join, merge_trees
from tasks.store.protocol import (
    Blob,
    Commit,
    Conflict,
    Corrupt,
    MissingRef,
    VersionStore,
    check_name,
)

MIN_PREFIX = 8  # hexadecimal digits that name a version


@dataclass
class Staged:
    """Files put on a branch by this handle, and the version that they were put on."""

    base: str
    files: dict[str, Blob] = field(default_factory=dict)
    sources: dict[str, Ref] = field(default_factory=dict)  # of those that were copied


class Store(Backend, VersionStore):
    """A VersionStore over a backend; see protocol.py for what each method means."""

    def __init__(self, root: Path, place: str) -> None:
        """Keep what is put and opened below `root`, by hash; `place` is what people call it."""
        self.root, self.place = root, place
        self.objects = ObjectFolder(root)
        self._staged: dict[str, Staged] = {}
        self._commits: dict[str, Commit] = {}
        self._parents: dict[str, tuple[str, ...]] = {}

    def branch(self, branch: str, source: str | None) -> None:
        version = EMPTY if source is None else self.resolve(source)
        self._require_no_tag(branch)
        if not self._make(branch, version):
            raise Conflict(f"branch {branch}: exists already; choose another name")

    def put(self, branch: str, path: str, file: Path) -> None:
        staged = self._stage(branch, path)
        staged.files[path] = self.objects.add(file)
        staged.sources.pop(path, None)

    def copy(self, branch: str, path: str, source: Ref) -> None:
        blob, staged = self._blob(source), self._stage(branch, path)
        self.objects.touch(blob)
        staged.files[path], staged.sources[path] = blob, source

    def commit(
        self,
        branch: str,
        message: str,
        metadata: Mapping[str, Any],
        parents: Sequence[str] = (),
    ) -> str:
        staged = self._staged.pop(branch, None) or Staged(self._head(branch).version)
        base, what = self._tree(staged.base), f"commit to {branch}"

        def onto(head: str) -> Move:
            tree = self._tree(head)
            merged = merge_trees(base, tree, {**base, **staged.files}, what)
            if head != EMPTY and merged == tree:
                return Move(what, self.read(head))
            first = () if head == EMPTY else (head,)
            made = self._made(merged, (*first, *parents), message, metadata)
            return Move(what, made, sources=staged.sources)

        return self._move(branch, onto)

    def merge(self, source: str, into: str) -> str:
        theirs, what = self.resolve(source), f"merge {source} into {into}"
        self._require_no_tag(into)

        def onto(head: str) -> Move:
            return Move(what, join(head, theirs, what, self.read, self._parents_of), theirs)

        return self._move(into, onto)

    def publish(
        self,
        files: Mapping[str, Path],
        message: str,
        metadata: Mapping[str, Any],
        parents: Sequence[str] = (),
    ) -> Ref:
        tree = {check_name(path): self.objects.add(file) for path, file in files.items()}
        made = self._made(tree, parents, message, metadata)
        branch = f"steps/{metadata['identity']}" if "identity" in metadata else f"loose/{made.id}"
        self._save(made)
        if not self._make(branch, made.id):
            self._move(branch, lambda _: Move(f"publish {branch}", made, made.id))
        return Ref(self.name, made.id, "")

    def tag(self, tag: str, version: str) -> None:
        self.read(version)
        if self._find(tag) is not None:
            raise Conflict(f"{tag}: is a branch's name already; choose another")
        held = version if self._make_tag(tag, version) else self._tagged(tag)
        if held != version:
            raise Conflict(f"tag {tag}: names {held[:12]} for good, not {version[:12]}")

    def resolve(self, name: str) -> str:
        head = self._find(name)
        if head is not None and head.version == EMPTY:
            raise MissingRef(f"branch {name}: has no commit yet")
        version = head.version if head is not None else self._tagged(name)
        if version != EMPTY:
            return version
        if len(name) >= MIN_PREFIX and set(name) <= set("0123456789abcdef"):
            versions = self.versions(name)
            if len(versions) == 1:
                return versions[0]
        raise MissingRef(f"{name}: no such branch, tag or version in {self.place}")

    def read(self, version: str) -> Commit:
        if version not in self._commits:
            self._commits[version] = Commit.from_bytes(self._verified(version))
        return self._commits[version]

    def log(self, name: str) -> list[Commit]:
        return list(ancestors(self.resolve(name), self.read))

    def open(self, ref: Ref) -> Path:
        tree = self._commit_of(ref).tree
        return check_out(self.root, ref, tree, partial(self._place, ref.version))

    def fetch(self, ref: Ref, target: Path) -> None:
        self._fetch(ref.version, ref.path, self._blob(ref), target)

    def index_put(self, identity: str, ref: Ref, **facts: Any) -> None:
        entry = {"identity": identity, "ref": asdict(ref), "time_utc": now(), **facts}
        self._write(self._entry(identity), write_entry(entry))

    def index_get(self, identity: str) -> Ref | None:
        try:
            entry = self.index_entry(identity)
        except MissingRef:
            return None
        ref, metrics = Ref(**entry["ref"]), entry.get("metrics")  # what it recorded is part of it
        whole = self.whole(ref) and (not metrics or self.whole(Ref(self.name, metrics, "")))
        return ref if whole else None

    def index_entry(self, identity: str) -> dict[str, Any]:
        name = self._entry(identity)
        content = self._read(name)
        if content is None:
            raise MissingRef(f"step {identity[:12]}: not done yet")
        try:
            return read_entry(content)
        except ValueError:
            said = f"{name} has changed bytes in {self.place}; delete it to run the step again"
            raise Corrupt(said) from None

    def index_entries(self) -> list[dict[str, Any]]:
        found = map(self.index_entry, self.identities())
        return sorted(found, key=lambda entry: (entry["time_utc"], entry["identity"]))

    def _move(self, branch: str, onto: Callable[[str], Move]) -> str:
        """Move a branch to what is made onto its version, anew whenever somebody was faster."""
        while True:
            head = self._find(branch) or self._begin(branch)
            move = onto(head.version)
            if move.made.id == head.version or self._advance(branch, head, move):
                return move.made.id

    def _require_no_tag(self, branch: str) -> None:
        if self._tagged(branch) != EMPTY:
            raise Conflict(f"{branch}: is a tag's name already; choose another")

    def _stage(self, branch: str, path: str) -> Staged:
        check_name(path)
        if branch not in self._staged:  # a look at the branch, and not one for each file
            self._staged[branch] = Staged(self._head(branch).version)
        return self._staged[branch]

    def _head(self, branch: str) -> Head:
        found = self._find(branch)
        if found is None:
            raise MissingRef(f"branch {branch}: not in {self.place}; make it first")
        return found

    def _tree(self, version: str) -> Mapping[str, Blob]:
        return {} if version == EMPTY else self.read(version).tree

    def _commit_of(self, ref: Ref) -> Commit:
        if ref.store != self.name:
            raise MissingRef(f"reference to store {ref.store!r}: this is the {self.name} store")
        return self.read(ref.version)

    def _blob(self, ref: Ref) -> Blob:
        """Return the one file that a reference of ours names. Raises MissingRef."""
        tree = self._commit_of(ref).tree
        if ref.path not in tree:
            raise MissingRef(f"{ref.version[:12]}: no file {ref.path!r} in this version")
        return tree[ref.path]

    def _made(
        self,
        tree: Mapping[str, Blob],
        parents: Sequence[str],
        message: str,
        metadata: Mapping[str, Any],
    ) -> Commit:
        known = tuple(dict.fromkeys(self.read(parent).id for parent in parents))
        return Commit.make(tree, known, message, metadata)

    def _verified(self, version: str) -> bytes:
        """Return a version's record. Raises MissingRef or Corrupt."""
        content = self._read(self.record.format(version))
        if content is None:
            raise MissingRef(f"{version[:12]}: no such version in {self.place}")
        if hashlib.sha256(content).hexdigest() != version:
            said = f"{self.record.format(version)} has changed bytes in {self.place}"
            raise Corrupt(f"version {version[:12]}: {said}; make it again, or put it back")
        return content

    def _parents_of(self, version: str) -> tuple[str, ...]:
        """Return a version's parents, without its tree, which takes long to read."""
        if version not in self._parents:
            cached = self._commits.get(version)
            self._parents[version] = (
                cached.parents if cached else Commit.parents_in(self._verified(version))
            )
        return self._parents[version]

    def _entry(self, identity: str) -> str:
        return self.entry.format(check_name(identity))

    def whole(self, ref: Ref) -> bool:
        """Tell whether every file of an artifact is there; one that lost some is not done."""
        try:
            tree = self.read(ref.version).tree
        except (MissingRef, Corrupt):  # made again, its record comes out as it was
            return False
        return all(self._has(blob) for path, blob in tree.items() if below(path, ref.path))

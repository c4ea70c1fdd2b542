"""The embedded version store: a folder, safe with many processes and at any kill.

    objects/<aa>/<sha256>      file contents        commits/<id>.json    commits
    refs/heads|tags/<name>/@n  names (names.py)     index/<id>.json      steps that are done
                               (with a checksum)                         (with a checksum)
    checkouts/<version>/       links to objects     log.jsonl            when what was moved
    tmp/                       what a kill may leave; nothing reads it

Whatever is written goes to tmp/ first and gets its name when it is complete, objects before the
commit that lists them, the commit before the branch that shows it. So what is visible is whole.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from configs.refs import Ref
from tasks.store.checkouts import below, check_out
from tasks.store.entries import read_entry, write_entry
from tasks.store.history import join, merge_trees
from tasks.store.names import Names
from tasks.store.objects import ObjectFolder, place, temporary_file, touch, write_durably
from tasks.store.protocol import (
    Blob,
    Commit,
    Conflict,
    Corrupt,
    MissingRef,
    check_name,
)
from tasks.store.reading import EMPTY, Reading, is_prefix


@dataclass
class Staged:
    """Files put on a branch by this handle, and the head that they were put on."""

    base: str
    files: dict[str, Blob] = field(default_factory=dict)


class LocalStore(Reading):
    """A VersionStore in one folder; see protocol.py for what each method means."""

    name = "local"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.objects = ObjectFolder(root)
        self.heads = Names(root, "heads")
        self.marks = Names(root, "tags")
        self._staged: dict[str, Staged] = {}
        self._commits: dict[str, Commit] = {}
        self._parents: dict[str, tuple[str, ...]] = {}

    def branch(self, branch: str, source: str | None) -> None:
        version = EMPTY if source is None else self.resolve(source)
        self._require_free(branch, self.marks)
        if not self.heads.move(branch, -1, version):
            raise Conflict(f"branch {branch}: exists already; choose another name")
        self._note("branch", branch, version)

    def branches(self) -> list[str]:
        return self.heads.all()

    def put(self, branch: str, path: str, file: Path) -> None:
        self._head(branch)
        self._stage(branch, path, self.objects.add(file))

    def copy(self, branch: str, path: str, source: Ref) -> None:
        blob = self._blob(source)
        self.objects.touch(blob)
        self._stage(branch, path, blob)

    def commit(
        self,
        branch: str,
        message: str,
        metadata: Mapping[str, Any],
        parents: Sequence[str] = (),
    ) -> str:
        _, head = self._head(branch)
        staged = self._staged.pop(branch, Staged(head))
        base = self._tree(staged.base)
        while True:
            number, head = self._head(branch)
            tree = self._tree(head)
            merged = merge_trees(base, tree, {**base, **staged.files}, f"commit to {branch}")
            if head != EMPTY and merged == tree:
                return head
            first = () if head == EMPTY else (head,)
            version = self._save(self._record(merged, (*first, *parents), message, metadata))
            if self._move(branch, number, version, "commit"):
                return version

    def merge(self, source: str, into: str) -> str:
        theirs = self.resolve(source)
        self._require_free(into, self.marks)
        while True:
            number, ours = self.heads.get(into) or (-1, EMPTY)
            what = f"merge {source} into {into}"
            joined = join(ours, theirs, what, self.read, self._parents_of)
            if joined.id not in (ours, theirs):
                self._save(joined)
            if joined.id == ours or self._move(into, number, joined.id, "merge"):
                return joined.id

    def tag(self, tag: str, version: str) -> None:
        self.read(version)
        self._require_free(tag, self.heads)
        if self.marks.move(tag, -1, version):
            self._note("tag", tag, version)
            return
        _, held = self.marks.get(tag) or (-1, EMPTY)
        if held != version:
            raise Conflict(f"tag {tag}: names {held[:12]} for good, not {version[:12]}")

    def tags(self) -> dict[str, str]:
        found = {tag: self.marks.get(tag) for tag in self.marks.all()}
        return {tag: held[1] for tag, held in found.items() if held is not None}

    def resolve(self, name: str) -> str:
        for names in (self.heads, self.marks):
            found = names.get(name)
            if found is not None and found[1] != EMPTY:
                return found[1]
            if found is not None:
                raise MissingRef(f"branch {name}: has no commit yet")
        if is_prefix(name):
            versions = [path.stem for path in (self.root / "commits").glob(f"{name}*.json")]
            if len(versions) == 1:
                return versions[0]
        raise MissingRef(f"{name}: no such branch, tag or version in {self.root}")

    def read(self, version: str) -> Commit:
        if version not in self._commits:
            path = self._commit_path(version)
            try:
                commit = Commit.from_bytes(path.read_bytes())
            except FileNotFoundError:
                raise MissingRef(f"{version[:12]}: no such version in {self.root}") from None
            except (ValueError, KeyError, TypeError, AttributeError):
                commit = None
            if commit is None or commit.id != version:
                where = path.relative_to(self.root)
                raise Corrupt(f"version {version[:12]}: {where} has changed bytes; make it again")
            self._commits[version] = commit
        return self._commits[version]

    def _parents_of(self, version: str) -> tuple[str, ...]:
        """Return a version's parents; as `read` does, believe only bytes with the right hash."""
        if version not in self._parents:
            path = self._commit_path(version)
            cached = version in self._commits or not path.is_file()
            content = b"" if cached else path.read_bytes()
            if hashlib.sha256(content).hexdigest() != version:
                self._parents[version] = self.read(version).parents  # or it says what is wrong
            else:
                self._parents[version] = Commit.parents_in(content)
        return self._parents[version]

    def open(self, ref: Ref) -> Path:
        def place(path: str, blob: Blob, target: Path) -> None:
            self.objects.link(blob, target, f"{ref.version[:12]}:{path}")

        return check_out(self.root, ref, self._commit_of(ref).tree, place)

    def fetch(self, ref: Ref, target: Path) -> None:
        self.objects.link(self._blob(ref), target, f"{ref.version[:12]}:{ref.path}")

    def publish(
        self,
        files: Mapping[str, Path],
        message: str,
        metadata: Mapping[str, Any],
        parents: Sequence[str] = (),
    ) -> Ref:
        tree = {check_name(path): self.objects.add(file) for path, file in files.items()}
        version = self._save(self._record(tree, parents, message, metadata))
        branch = f"steps/{metadata['identity']}" if "identity" in metadata else f"loose/{version}"
        while True:
            number, head = self.heads.get(branch) or (-1, EMPTY)
            if head == version or self._move(branch, number, version, "publish"):
                return Ref(self.name, version, "")

    def times(self, versions: Iterable[str]) -> dict[str, str]:
        """Return when versions were first named, as far as log and index tell."""
        found: dict[str, str] = {}
        log = self.root / "log.jsonl"
        for line in log.read_text().splitlines() if log.is_file() else ():
            try:
                row = json.loads(line)
                found.setdefault(row["version"], row["time_utc"])
            except (ValueError, KeyError, TypeError):
                continue  # cut off by a kill; for people only
        for entry in self.index_entries():
            found.setdefault(entry["ref"]["version"], entry["time_utc"])
        return {version: found[version] for version in versions if version in found}

    def index_put(self, identity: str, ref: Ref, **facts: Any) -> None:
        entry = {"identity": identity, "ref": asdict(ref), "time_utc": _now(), **facts}
        self._write(self._index_path(identity), write_entry(entry))

    def index_get(self, identity: str) -> Ref | None:
        if not self._index_path(identity).exists():
            return None
        entry = self.index_entry(identity)
        ref, metrics = Ref(**entry["ref"]), entry.get("metrics")  # what it recorded is part of it
        whole = self._whole(ref) and (not metrics or self._whole(Ref(self.name, metrics, "")))
        return ref if whole else None

    def _whole(self, ref: Ref) -> bool:
        """Tell whether every file of an artifact is there; one that lost some is not done."""
        try:
            tree = self.read(ref.version).tree
        except (MissingRef, Corrupt):  # made again, its record comes out as it was
            return False
        return all(self.objects.present(blob) for p, blob in tree.items() if below(p, ref.path))

    def index_drop(self, identity: str) -> None:
        self._index_path(identity).unlink(missing_ok=True)

    def index_entry(self, identity: str) -> dict[str, Any]:
        path = self._index_path(identity)
        try:
            return read_entry(path.read_bytes())
        except FileNotFoundError:
            raise MissingRef(f"step {identity[:12]}: not done yet") from None
        except ValueError:
            raise Corrupt(f"{path}: has changed bytes; delete it to run the step again") from None

    def index_entries(self) -> list[dict[str, Any]]:
        found = (self.index_entry(path.stem) for path in (self.root / "index").glob("*.json"))
        return sorted(found, key=lambda entry: (entry["time_utc"], entry["identity"]))

    def _require_free(self, name: str, others: Names) -> None:
        if others.get(name) is not None:
            kind = {"heads": "branch", "tags": "tag"}[others.kind]
            raise Conflict(f"{name}: is a {kind}'s name already; choose another")

    def _stage(self, branch: str, path: str, blob: Blob) -> None:
        if branch not in self._staged:  # a look at the disk, once a branch and not once a file
            self._staged[branch] = Staged(self._head(branch)[1])
        self._staged[branch].files[check_name(path)] = blob

    def _head(self, branch: str) -> tuple[int, str]:
        found = self.heads.get(branch)
        if found is None:
            raise MissingRef(f"branch {branch}: not in {self.root}; make it first")
        return found

    def _save(self, commit: Commit) -> str:
        path, content = self._commit_path(commit.id), commit.to_bytes()
        if not path.exists() or path.read_bytes() != content:
            self._write(path, content)
        else:
            touch(path)
        return commit.id

    def _move(self, branch: str, number: int, version: str, event: str) -> bool:
        moved = self.heads.move(branch, number, version)
        if moved:
            self._note(event, branch, version)
        return moved

    def _write(self, path: Path, content: bytes) -> None:
        with temporary_file(self.root / "tmp", f"write {path}") as temporary:
            write_durably(temporary, [content])
            place(temporary, path)

    def _note(self, event: str, name: str, version: str) -> None:
        """Write down when something happened: for people, and no part of any version."""
        row = {"time_utc": _now(), "event": event, "name": name, "version": version}
        with suppress(OSError), (self.root / "log.jsonl").open("a") as stream:
            stream.write(json.dumps(row) + "\n")

    def _commit_path(self, version: str) -> Path:
        return self.root / "commits" / f"{version}.json"

    def _index_path(self, identity: str) -> Path:
        return self.root / "index" / f"{check_name(identity)}.json"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

"""A version store: branch, put, commit, merge, tag, open. What a backend must mean.

A commit is a tree of files by content hash, its parents, a message and metadata; its id is the
hash of all that and of nothing else (no time, no author), so equal content has an equal id.
What is published never changes; only branches move, by compare-and-swap.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from configs.errors import UserError
from configs.refs import Ref

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


class StoreError(UserError):
    """The store cannot do what was asked; one line with the remedy."""


class Conflict(StoreError):
    """Somebody else changed the same thing; what is published stays as it was."""


class MissingRef(StoreError):
    """A branch, tag, version or path that is not in the store."""


class Corrupt(StoreError):
    """Stored bytes differ from what their hash promises; names the file and the object."""


class Blob(NamedTuple):
    """A file's content: sha256 in hexadecimal and size [bytes]."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Commit:
    """A published version. `id` is the sha256 of the other members' canonical JSON."""

    id: str
    parents: tuple[str, ...]
    tree: Mapping[str, Blob]
    message: str
    metadata: Mapping[str, Any]  # plain JSON values

    @staticmethod
    def make(
        tree: Mapping[str, Blob],
        parents: Sequence[str],
        message: str,
        metadata: Mapping[str, Any],
    ) -> "Commit":
        """Return the commit with its id worked out."""
        unnamed = Commit("", tuple(parents), dict(sorted(tree.items())), message, metadata)
        digest = hashlib.sha256(unnamed.to_bytes()).hexdigest()
        return Commit(digest, unnamed.parents, unnamed.tree, message, metadata)

    def to_bytes(self) -> bytes:
        """Return the canonical JSON, without the id."""
        content = {
            "parents": self.parents,
            "tree": self.tree,
            "message": self.message,
            "metadata": self.metadata,
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    @staticmethod
    def from_bytes(content: bytes) -> "Commit":
        """Read what `to_bytes` returned: canonical, so that its own hash is the id."""
        values = json.loads(content)
        tree = {path: Blob(*blob) for path, blob in values["tree"].items()}
        digest = hashlib.sha256(content).hexdigest()
        return Commit(digest, tuple(values["parents"]), tree, values["message"], values["metadata"])

    @staticmethod
    def parents_in(content: bytes) -> tuple[str, ...]:
        """Read the parents alone of what `to_bytes` returned; the tree, which comes last, is not.

        A tree of 40,000 paths takes a hundred times as long to read as the rest.
        """
        text, start, decoder = content.decode(), 1, json.JSONDecoder()
        while True:
            name, end = decoder.raw_decode(text, start)
            value, end = decoder.raw_decode(text, end + 1)
            if name == "parents":
                return tuple(value)
            start = end + 1


class VersionStore(Protocol):
    """What every backend does, with one meaning. A handle is used by one thread.

    Writing: `put` and `copy` stage on this handle only, and `commit` publishes what was staged;
    a process that dies before its commit leaves nothing that anybody can see.
    """

    name: str  # of the backend, as in Ref.store

    def branch(self, branch: str, source: str | None) -> None:
        """Make a branch at `source` (a name or version), or empty when it is None.

        Raises:
            Conflict: the branch exists. MissingRef: no such source.
        """
        ...

    def branches(self) -> list[str]:
        """Return the names of all branches, sorted; tags are not among them."""
        ...

    def put(self, branch: str, path: str, file: Path) -> None:
        """Stage a file's present content under `path` of a branch."""
        ...

    def copy(self, branch: str, path: str, source: Ref) -> None:
        """Stage the very content of the file `source.path` of another version: no bytes move."""
        ...

    def commit(
        self,
        branch: str,
        message: str,
        metadata: Mapping[str, Any],
        parents: Sequence[str] = (),
    ) -> str:
        """Publish what is staged on top of the branch and return the version.

        `parents` are further parents beside the branch's head. If the staged files change
        nothing, the head itself is returned, so that a repeated commit is harmless.

        Raises:
            Conflict: another commit changed a staged path since this handle first staged.
        """
        ...

    def merge(self, source: str, into: str) -> str:
        """Merge a branch or version into a branch, three-way by path; return the new head.

        Merging what is merged already changes nothing. A missing `into` begins at `source`.

        Raises:
            Conflict: both sides changed the same path in different ways.
        """
        ...

    def tag(self, tag: str, version: str) -> None:
        """Name a version for good. Raises Conflict when the tag names another one."""
        ...

    def tags(self) -> dict[str, str]:
        """Return version by tag."""
        ...

    def resolve(self, name: str) -> str:
        """Return the version of a branch, a tag, a version or its first 8 or more digits.

        Raises:
            MissingRef: no such thing, or a branch without a commit.
        """
        ...

    def read(self, version: str) -> Commit:
        """Return a commit. Raises MissingRef or Corrupt."""
        ...

    def log(self, name: str) -> list[Commit]:
        """Return a version and all its ancestors, each once, nearest first."""
        ...

    def times(self, versions: Iterable[str]) -> dict[str, str]:
        """Return when versions were made, as far as is known; for people, and no part of them."""
        ...

    def open(self, ref: Ref) -> Path:
        """Return a read-only folder (or file) with the reference's bytes, every hash verified.

        Raises:
            MissingRef: no such version or path. Corrupt: names the file and the object.
        """
        ...

    def fetch(self, ref: Ref, target: Path) -> None:
        """Make `target` the one file that a reference names, its hash verified and read-only.

        No other copy of its bytes is left on this machine than were here before, so that who
        deletes `target` has its space back. Open what is used again and again.

        Raises:
            MissingRef: no such version, or no file at this path. Corrupt: names file and object.
        """
        ...

    def publish(
        self,
        files: Mapping[str, Path],
        message: str,
        metadata: Mapping[str, Any],
        parents: Sequence[str] = (),
    ) -> Ref:
        """Commit an artifact of its own, apart from every branch's history.

        Its branch is `steps/<identity>` when the metadata names an identity.
        """
        ...

    def index_put(self, identity: str, ref: Ref, **facts: Any) -> None:
        """Note that the step with this identity is done, with plain facts about its making."""
        ...

    def index_get(self, identity: str) -> Ref | None:
        """Return a step's result; None when it is not done or the artifact lost a file since."""
        ...

    def index_drop(self, identity: str) -> None:
        """Forget that a step is done; its artifact stays."""
        ...

    def index_entry(self, identity: str) -> dict[str, Any]:
        """Return the facts noted for a step that is done. Raises MissingRef."""
        ...

    def index_entries(self) -> list[dict[str, Any]]:
        """Return the facts of every step that is done, oldest first."""
        ...


def check_name(name: str) -> str:
    """Return a branch's or tag's name, or a tree path, if it is one; else raise StoreError."""
    if not NAME.fullmatch(name):
        raise StoreError(
            f"name {name!r}: use letters, digits, '_', '-', '.' between single slashes, no part "
            "beginning with '.' or '-'"
        )
    return name

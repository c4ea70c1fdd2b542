"""Where a store keeps names, records, files and the index: what store.py asks of a backend.

A branch moves by compare-and-swap: of two that move it from one state, the second is told so.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from configs.refs import Ref
from tasks.store.protocol import Blob, Commit

EMPTY = ""  # the version of a branch without a commit


class Head(NamedTuple):
    """Where a branch is: the backend's own mark of that state, and the version that it holds."""

    mark: Any
    version: str


@dataclass(frozen=True)
class Move:
    """What a branch is to move to."""

    what: str  # for people: commit to main
    made: Commit
    bring: str = EMPTY  # a version in the store whose files come in
    sources: Mapping[str, Ref] = field(default_factory=dict)  # of files that are in the store


class Backend(ABC):
    """What a kind of store says of itself."""

    record: str  # the name of a version's record, with {} for the version
    entry: str  # of an index entry, with {} for the step's identity

    @abstractmethod
    def _find(self, branch: str) -> Head | None:
        """Return where a branch is; None when there is no such branch."""

    @abstractmethod
    def _begin(self, branch: str) -> Head:
        """Return where a branch that does not exist is to begin, without a commit."""

    @abstractmethod
    def _make(self, branch: str, version: str) -> bool:
        """Make a branch at a version; False when it exists."""

    @abstractmethod
    def _advance(self, branch: str, head: Head, move: Move) -> bool:
        """Move a branch from `head`; False when somebody else has moved it since."""

    @abstractmethod
    def _save(self, made: Commit) -> None:
        """Keep a version apart from every branch."""

    @abstractmethod
    def _tagged(self, tag: str) -> str:
        """Return the version of a tag, "" when there is no such tag."""

    @abstractmethod
    def _make_tag(self, tag: str, version: str) -> bool:
        """Name a version; False when the tag exists."""

    @abstractmethod
    def versions(self, prefix: str = "") -> list[str]:
        """Return the versions whose id begins so."""

    @abstractmethod
    def _read(self, name: str) -> bytes | None:
        """Return the stored bytes of a record or an index entry, None without it."""

    @abstractmethod
    def _write(self, name: str, content: bytes) -> None:
        """Store an index entry, whole or not at all, in place of one of this name."""

    @abstractmethod
    def _place(self, version: str, path: str, blob: Blob, target: Path) -> None:
        """Make `target` a verified, read-only file of a version. Raises Corrupt."""

    def _fetch(self, version: str, path: str, blob: Blob, target: Path) -> None:
        """As `_place`, and leave no other copy of it here than there was."""
        self._place(version, path, blob, target)

    @abstractmethod
    def digest(self, version: str, path: str, blob: Blob) -> str | None:
        """Return the sha256 of the stored bytes of a version's file, None without them."""

    def _has(self, blob: Blob) -> bool:
        """Tell whether an object is there, where that is known without reading it."""
        return True

    @abstractmethod
    def identities(self) -> list[str]:
        """Return the steps that the index knows."""


def now() -> str:
    """Return the time as the store notes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")

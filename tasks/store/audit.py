"""What a backend answers about its own files when they are verified."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tasks.store.protocol import Blob, Commit, Corrupt, MissingRef


class Claim(NamedTuple):
    """Something that names a version: a branch, tag or index entry, or why it cannot be read."""

    what: str
    version: str  # "" for an empty branch, and a state of a step's branch that is superseded
    reason: str = ""


class Auditor(Protocol):
    """What a backend lets itself be asked; a reason is "" for what is sound."""

    def names(self) -> Iterator[Claim]: ...

    def entries(self) -> Iterator[Claim]: ...

    def commit(self, version: str) -> Commit | str: ...

    def blob(self, blob: Blob, version: str, path: str) -> str: ...

    def unnamed(self, versions: set[str], objects: set[str]) -> Iterator[tuple[str, str]]:
        """Yield (file, reason) of damaged files that nothing names."""
        ...

    def set_aside(self, damage: "Damage") -> None:
        """Let the store count changed bytes as lost; of a name nothing is changed."""
        ...


@dataclass(frozen=True)
class Damage:
    """One damaged or missing thing, and what needs it."""

    what: str
    reason: str
    needed_by: str
    also: int = 0  # how many other files need it
    blob: Blob | None = None  # of an object


def read_or_reason(read: Callable[[str], Commit], version: str) -> Commit | str:
    """Return a commit, or why there is none to be had."""
    try:
        return read(version)
    except MissingRef:
        return "is missing"
    except Corrupt:
        return "has changed bytes"

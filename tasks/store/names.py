"""Branches and tags of the local store: numbered files, moved by compare-and-swap.

    refs/heads/<name>/@00000000, @00000001, ...   each holds a version; the highest counts

A move is one `os.link` to the next number: of two processes that move the same name at once,
exactly one wins, and the other sees it.
"""

from pathlib import Path

from tasks.store.objects import write_new
from tasks.store.protocol import check_name

EMPTY = ""  # a branch without a commit


class Names:
    """Names of one kind below `root/refs/<kind>`, each with a version."""

    def __init__(self, root: Path, kind: str) -> None:
        self.folder = root / "refs" / kind
        self._temporary = root / "tmp"

    def get(self, name: str) -> tuple[int, str] | None:
        """Return (number, version) of a name, None when there is no such name."""
        number = self._last(check_name(name))
        if number < 0:
            return None
        return number, self._file(name, number).read_text()

    def move(self, name: str, number: int, version: str) -> bool:
        """Move a name from its state `number` (-1: it does not exist) to a version.

        Returns False, with nothing changed, when somebody else has moved it since.
        """
        if self._last(check_name(name)) != number:
            return False
        return write_new(self._temporary, self._file(name, number + 1), version.encode())

    def all(self) -> list[str]:
        """Return all names, sorted."""
        first = self.folder.rglob("@00000000")
        return sorted(path.parent.relative_to(self.folder).as_posix() for path in first)

    def _last(self, name: str) -> int:
        return max((int(p.name[1:]) for p in (self.folder / name).glob("@*")), default=-1)

    def _file(self, name: str, number: int) -> Path:
        return self.folder / name / f"@{number:08d}"

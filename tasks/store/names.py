"""Branches and tags of the local store: numbered files, moved by compare-and-swap.

    refs/heads/<name>/@00000000, @00000001, ...   a version, or an empty line; the highest counts

A move is one `os.link` to the next number: of two processes that move the same name at once,
exactly one wins, and the other sees it.
"""

import re
from pathlib import Path

from tasks.store.backend import EMPTY, Head
from tasks.store.blobs import write_new
from tasks.store.protocol import Corrupt, check_name

REMEDY = "put it back from a copy: without it the name is gone"
VERSION = re.compile(r"([0-9a-f]{64})?(\n| [0-9a-f]{16})")  # an older store has a check behind it


class Names:
    """Names of one kind below `root/refs/<kind>`, each with a version."""

    def __init__(self, root: Path, kind: str) -> None:
        self.folder = root / "refs" / kind
        self._temporary = root / "tmp"

    def get(self, name: str) -> Head | None:
        """Return the number and version of a name, None without one. Raises Corrupt."""
        number = self._last(name)
        return None if number < 0 else Head(number, self.read(name, number))

    def read(self, name: str, number: int) -> str:
        """Return the version that a name had in a state. Raises Corrupt."""
        file = self.file(name, number)
        found = VERSION.fullmatch(file.read_bytes().decode("latin-1"))
        if found is None:
            where = file.relative_to(self.folder.parent.parent)
            raise Corrupt(f"{name}: {where} has changed bytes; {REMEDY}")
        return found[1] or EMPTY

    def move(self, name: str, number: int, version: str) -> bool:
        """Move a name from its state `number` (-1: it does not exist) to a version.

        Returns False, with nothing changed, when somebody else has moved it since.
        """
        if self._last(name) != number:
            return False
        file = self.file(name, number + 1)
        return write_new(self._temporary, file, f"{version}\n".encode())

    def all(self) -> list[str]:
        """Return all names, sorted."""
        files = self.folder.rglob("@*")  # not @00000000: gc takes what was superseded
        return sorted({path.parent.relative_to(self.folder).as_posix() for path in files})

    def numbers(self, name: str) -> list[int]:
        """Return the states of a name that are on record, oldest first."""
        return sorted(int(path.name[1:]) for path in (self.folder / name).glob("@*"))

    def _last(self, name: str) -> int:
        return max(self.numbers(check_name(name)), default=-1)

    def file(self, name: str, number: int) -> Path:
        return self.folder / name / f"@{number:08d}"

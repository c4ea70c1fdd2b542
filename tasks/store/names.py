"""Branches and tags of the local store: numbered files, moved by compare-and-swap.

    refs/heads/<name>/@00000000, @00000001, ...   "<version> <check>"; the highest counts

A move is one `os.link` to the next number: of two processes that move the same name at once,
exactly one wins, and the other sees it. The check is the beginning of a sha256 over name, number
and version, so that changed bytes are found; files without one, of an older store, are read too.
"""

import hashlib
import re
from pathlib import Path

from tasks.store.objects import write_new
from tasks.store.protocol import Corrupt, check_name

EMPTY = ""  # a branch without a commit
CHECK_DIGITS = 16  # hexadecimal
VERSION = re.compile(r"([0-9a-f]{64})?", re.ASCII)


class Names:
    """Names of one kind below `root/refs/<kind>`, each with a version."""

    def __init__(self, root: Path, kind: str) -> None:
        self.kind = kind
        self.folder = root / "refs" / kind
        self._temporary = root / "tmp"

    def get(self, name: str) -> tuple[int, str] | None:
        """Return (number, version) of a name, None when there is no such name.

        Raises:
            Corrupt: its file has changed bytes.
        """
        number = self._last(check_name(name))
        if number < 0:
            return None
        return number, self.read(name, number)

    def read(self, name: str, number: int) -> str:
        """Return the version that a name had in a state. Raises Corrupt."""
        file = self.file(name, number)
        version, space, check = file.read_bytes().decode("latin-1").partition(" ")
        if space:
            sound = check == self._check(name, number, version)
        else:  # of an older store; empty only before the first commit, else it was cut off
            sound = version != EMPTY or number < self._last(name)
        if not sound or not VERSION.fullmatch(version):
            where = file.relative_to(self.folder.parent.parent)
            raise Corrupt(f"{name}: {where} has changed bytes; {self.remedy(name, number)}")
        return version

    def remedy(self, name: str, number: int) -> str:
        """Say what to do about a changed file: a name has one state on record, or more."""
        if min(self.numbers(name)) < number:
            return "delete that file, and the name is where it was before its last move"
        return "put it back from a copy: without it the name is gone"

    def move(self, name: str, number: int, version: str) -> bool:
        """Move a name from its state `number` (-1: it does not exist) to a version.

        Returns False, with nothing changed, when somebody else has moved it since.
        """
        if self._last(check_name(name)) != number:
            return False
        content = f"{version} {self._check(name, number + 1, version)}".encode()
        return write_new(self._temporary, self.file(name, number + 1), content)

    def all(self) -> list[str]:
        """Return all names, sorted."""
        files = self.folder.rglob("@*")  # not @00000000: gc takes what was superseded
        return sorted({path.parent.relative_to(self.folder).as_posix() for path in files})

    def numbers(self, name: str) -> list[int]:
        """Return the states of a name that are on record, oldest first."""
        return sorted(int(path.name[1:]) for path in (self.folder / name).glob("@*"))

    def _check(self, name: str, number: int, version: str) -> str:
        content = f"{self.kind}/{name}@{number} {version}".encode()
        return hashlib.sha256(content).hexdigest()[:CHECK_DIGITS]

    def _last(self, name: str) -> int:
        return max((int(p.name[1:]) for p in (self.folder / name).glob("@*")), default=-1)

    def file(self, name: str, number: int) -> Path:
        return self.folder / name / f"@{number:08d}"

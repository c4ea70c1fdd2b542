"""The embedded version store: a folder, safe with many processes and at any kill.

    objects/<aa>/<sha256>      file contents        commits/<id>.json    commits
    refs/heads|tags/<name>/@n  names (names.py)     index/<id>.json      steps that are done
                               (with a checksum)                         (with a checksum)
    checkouts/<version>/       links to objects     log.jsonl            when what was moved
    tmp/                       what a kill may leave; nothing reads it

Whatever is written goes to tmp/ first and gets its name when it is complete, objects before the
commit that lists them, the commit before the branch that shows it. So what is visible is whole.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tasks.store.backend import EMPTY, Head, Move, now
from tasks.store.blobs import hash_file, place, temporary_file, write_durably
from tasks.store.names import Names
from tasks.store.protocol import Blob, Commit
from tasks.store.store import Store


class LocalStore(Store):
    """A VersionStore in one folder; see protocol.py for what each method means."""

    name = "local"
    record, entry = "commits/{}.json", "index/{}.json"

    def __init__(self, root: Path) -> None:
        super().__init__(root, str(root))
        self.heads, self.marks = Names(root, "heads"), Names(root, "tags")

    def branches(self) -> list[str]:
        return self.heads.all()

    def tags(self) -> dict[str, str]:
        return {tag: self._tagged(tag) for tag in self.marks.all()}

    def versions(self, prefix: str = "") -> list[str]:
        return [path.stem for path in (self.root / "commits").glob(f"{prefix}*.json")]

    def times(self, versions: Iterable[str]) -> dict[str, str]:
        """Return when versions were first named, as far as log and index tell."""
        found: dict[str, str] = {}
        log = self.root / "log.jsonl"
        for line in log.read_text().splitlines() if log.is_file() else ():
            with suppress(ValueError, KeyError, TypeError):  # cut off by a kill; for people only
                row = json.loads(line)
                found.setdefault(row["version"], row["time_utc"])
        for entry in self.index_entries():
            found.setdefault(entry["ref"]["version"], entry["time_utc"])
        return {version: found[version] for version in versions if version in found}

    def index_drop(self, identity: str) -> None:
        (self.root / self._entry(identity)).unlink(missing_ok=True)

    def identities(self) -> list[str]:
        return [path.stem for path in (self.root / "index").glob("*.json")]

    def digest(self, version: str, path: str, blob: Blob) -> str | None:
        file = self.objects.path(blob)
        return hash_file(file) if file.is_file() else None

    def _find(self, branch: str) -> Head | None:
        return self.heads.get(branch)

    def _begin(self, branch: str) -> Head:
        return Head(-1, EMPTY)

    def _make(self, branch: str, version: str) -> bool:
        return self._set(self.heads, branch, -1, version, "branch")

    def _advance(self, branch: str, head: Head, move: Move) -> bool:
        if move.made.id != move.bring:
            self._save(move.made)
        return self._set(self.heads, branch, head.mark, move.made.id, move.what)

    def _save(self, made: Commit) -> None:
        self._write(self.record.format(made.id), made.to_bytes())

    def _tagged(self, tag: str) -> str:
        found = self.marks.get(tag)
        return EMPTY if found is None else found.version

    def _make_tag(self, tag: str, version: str) -> bool:
        return self._set(self.marks, tag, -1, version, "tag")

    def _place(self, version: str, path: str, blob: Blob, target: Path) -> None:
        self.objects.link(blob, target, f"{version[:12]}:{path}")

    def _has(self, blob: Blob) -> bool:
        return self.objects.present(blob)

    def _read(self, name: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return (self.root / name).read_bytes()
        return None

    def _write(self, name: str, content: bytes) -> None:
        path = self.root / name
        with temporary_file(self.root / "tmp", f"write {path}") as temporary:
            write_durably(temporary, [content])
            place(temporary, path)

    def _set(self, names: Names, name: str, number: int, version: str, event: str) -> bool:
        """Move a name, and note when: for people, and no part of any version."""
        moved = names.move(name, number, version)
        row = {"time_utc": now(), "event": event, "name": name, "version": version}
        if moved:
            with suppress(OSError), (self.root / "log.jsonl").open("a") as stream:
                stream.write(json.dumps(row) + "\n")
        return moved

"""What no reference reaches in a local store: found here, removed in gc.py.

Kept for good: tags, branches that are not of single steps or runs, what the kept reports show,
what releases name; and the ancestors of all these. Kept for a while: what is young.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from configs.schema.retention import Retention
from models.approval import APPROVAL, list_releases
from tasks.store.history import ancestors
from tasks.store.local import LocalStore
from tasks.store.protocol import Commit, StoreError

PASSING = ("steps/", "loose/", "runs/")  # branches that no person made
PROMOTE = "promote"  # the step whose parents are all that a release was made of
DAY_S, HOUR_S = 86400.0, 3600.0


class Removal(NamedTuple):
    """A file or folder to remove; of a file that became young since, gc keeps its hands off."""

    kind: str  # for people: objects
    path: Path
    before: float  # [s] of the epoch: only if last changed before


@dataclass
class Kept:
    """What stays: versions with all their ancestors, and the objects and steps behind them."""

    store: LocalStore
    versions: dict[str, Commit] = field(default_factory=dict)

    @property
    def objects(self) -> set[str]:
        return {blob.sha256 for one in self.versions.values() for blob in one.tree.values()}

    @property
    def identities(self) -> set[str]:
        return {str(one.metadata.get("identity", "")) for one in self.versions.values()}

    def add(self, versions: Iterable[str]) -> None:
        """Keep versions and their ancestors.

        Raises:
            StoreError: one cannot be read, so that nobody knows what it needs.
        """
        try:
            for version in versions:
                if version not in self.versions:
                    self.versions |= {one.id: one for one in ancestors(version, self.store.read)}
        except StoreError as error:
            said = f"{error}; gc removes nothing from a damaged store: see verify"
            raise StoreError(said) from None


def store_garbage(
    store: LocalStore, policy: Retention, now: float, needed: Kept
) -> Iterator[Removal]:
    """Yield what to remove from the store, in the order that is safe at any kill: what names
    versions first, then versions, then objects. `needed` stays for good."""
    old, young = now - policy.keep_days * DAY_S, now - policy.grace_hours * HOUR_S
    kept, files = Kept(store, dict(needed.versions)), (store.root / "commits").glob("*.json")
    # What somebody has just written he may be about to name.
    kept.add([path.stem for path in files if path.stat().st_mtime >= young])
    entries = store.index_entries()
    recent = [one for one in entries if seconds(one["time_utc"]) >= old]
    kept.add(_existing(store, [one["ref"]["version"] for one in recent]))
    passing = [name for name in store.branches() if name.startswith(PASSING)]
    kept.add(_heads(store, [name for name in passing if _moved(store, name) >= old]))
    stays = [one for one in entries if one["ref"]["version"] in kept.versions]
    kept.add(_existing(store, [one["metrics"] for one in stays if "metrics" in one]))
    for entry in entries:
        if entry["ref"]["version"] not in kept.versions:
            file = store.root / store.entry.format(entry["identity"])
            yield Removal("index entries", file, old)
    for name in store.branches():
        yield from _branch_garbage(store, name, kept, old, young)
    objects = kept.objects
    for kind, pattern, known in (
        ("checkouts", "checkouts/*", kept.versions.keys()),
        ("versions", "commits/*.json", kept.versions.keys()),
        ("objects", "objects/*/*", objects),
        ("half-written", "tmp/*", ()),
        ("half-written", "damaged/*", ()),
    ):
        for path in sorted(store.root.glob(pattern)):
            if path.stem not in known:
                yield Removal(kind, path, young)


def lasting(home: Path, store: LocalStore, policy: Retention) -> set[str]:
    """Return the versions that references keep for good."""
    names = [name for name in store.branches() if not name.startswith(PASSING)]
    found = set(store.tags().values()) | _heads(store, names)
    for report in kept_reports(home, policy.keep_reports):
        found |= _existing(store, shown_versions(report))
    for release in list_releases(home / "releases").values():
        found |= _existing(store, [dataset_of(release)])
    released = (entry for entry in store.index_entries() if entry.get("step") == PROMOTE)
    return found | _existing(store, [entry["ref"]["version"] for entry in released])


def all_reports(home: Path) -> list[Path]:
    """Return the reports' folders, the newest first: they are named by their time."""
    found = (path for path in (home / "reports").glob("*") if path.is_dir())
    return sorted((path for path in found if not path.is_symlink()), reverse=True)


def kept_reports(home: Path, count: int) -> list[Path]:
    """Return the newest reports, and the one that `latest` points at."""
    folders = all_reports(home)
    latest = (home / "reports" / "latest").resolve()
    return [path for i, path in enumerate(folders) if i < count or path.resolve() == latest]


def shown_versions(report: Path) -> list[str]:
    """Return the versions of a report's artifacts; none of a report without a summary."""
    file = report / "summary.json"
    if not file.is_file():
        return []
    summary = json.loads(file.read_text())
    return [str(version) for version in summary.get("artifacts", {}).values()]


def dataset_of(release: Path) -> str:
    """Return the version of the data that a released controller was trained on.

    Raises:
        StoreError: its approval cannot be read, so that nobody knows what it needs.
    """
    file = release / APPROVAL
    try:
        return str(json.loads(file.read_text())["dataset"])
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(f"{file}: no approval to be read; move the release away") from None


def seconds(time_utc: str) -> float:
    """Return a time that the store noted as seconds of the epoch."""
    return datetime.fromisoformat(time_utc).astimezone(UTC).timestamp()


def _branch_garbage(
    store: LocalStore, name: str, kept: Kept, old: float, young: float
) -> Iterator[Removal]:
    """Yield a branch's states, the oldest first: cut off anywhere, it is where it was, or gone."""
    *superseded, last = store.heads.numbers(name)
    version = store.heads.read(name, last)
    # An empty branch of a run that died before its commit goes as well.
    gone = name.startswith(PASSING) and version not in kept.versions
    yield from (Removal("moves", store.heads.file(name, n), young) for n in superseded)
    if gone and _moved(store, name) < old:
        yield Removal("branches", store.heads.file(name, last), old)


def _heads(store: LocalStore, names: Iterable[str]) -> set[str]:
    found = (store.heads.get(name) for name in names)
    return {one[1] for one in found if one is not None and one[1]}


def _moved(store: LocalStore, name: str) -> float:
    return store.heads.file(name, store.heads.numbers(name)[-1]).stat().st_mtime


def _existing(store: LocalStore, versions: Iterable[str]) -> set[str]:
    """Return those versions that this store has: a report or release may be of another one."""
    return {one for one in versions if (store.root / store.record.format(one)).is_file()}

"""What runs left in the state folder beside the store, and nothing needs any more.

Never touched: the registry (mlflow.db, mlartifacts/), releases/, keys/ and the robot's folder.
"""

from collections.abc import Iterator
from pathlib import Path

import psutil

from configs.schema.retention import Retention
from tasks.data.garbage import DAY_S, HOUR_S, Removal, all_reports, kept_reports
from tasks.data.in_use import is_held

GIB = 2**30
PREFECT = ("prefect.db", "prefect.db-wal", "prefect.db-shm")


def leftovers(
    home: Path, policy: Retention, now: float, identities: set[str], done: set[str]
) -> Iterator[Removal]:
    """Yield what to remove; `identities` are of steps whose artifacts stay, `done` in the index."""
    old, young = now - policy.keep_days * DAY_S, now - policy.grace_hours * HOUR_S
    kept = kept_reports(home, policy.keep_reports)
    yield from (Removal("reports", path, old) for path in all_reports(home) if path not in kept)
    for lock in (home / "scratch").glob("*.lock"):
        folder = lock.with_suffix("")
        if is_held(lock):
            continue
        before = young if lock.stem in done else old
        if folder.exists():
            yield Removal("scratch and checkpoints", folder, before)
        if not folder.exists() or newest(folder) < before:
            yield Removal("locks", lock, before)
    for path in (home / "metrics").glob("*.jsonl"):
        if path.stem not in identities:
            yield Removal("metrics", path, old)
    yield from downloads(home / "lakefs", policy.cache_gib * GIB, now)
    for path in (home / "requests").glob("*-*"):
        if not psutil.pid_exists(int(path.name.split("-")[0] or 0)):
            yield Removal("requests", path, young)
    files = [home / "prefect" / name for name in PREFECT]
    used = max((path.stat().st_mtime for path in files if path.exists()), default=now)
    if used < old:
        yield from (Removal("prefect's history", path, old) for path in files if path.exists())
    for path in (home / "prefect" / "storage").glob("*"):
        yield Removal("prefect's history", path, old)


def downloads(folder: Path, limit: float, now: float) -> Iterator[Removal]:
    """Yield what was fetched from lakeFS beyond `limit` [bytes], longest unused first, and all
    checkouts of it, which are links; and what broke off. Nobody may be at work there."""
    for name in ("tmp", "damaged"):
        yield from (Removal("half-written", path, now) for path in (folder / name).glob("*"))
    files = [path for path in (folder / "objects").glob("*/*") if path.is_file()]
    states = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in files)
    over = sum(size for _, size, _ in states) - limit
    if over > 0:
        yield from (Removal("downloads", path, now) for path in (folder / "checkouts").glob("*"))
    for _, size, path in states:
        if over <= 0:
            return
        over -= size
        yield Removal("downloads", path, now)


def held(home: Path) -> list[str]:
    """Return the scratch folders that a process works in."""
    return [lock.stem for lock in (home / "scratch").glob("*.lock") if is_held(lock)]


def newest(path: Path) -> float:
    """Return when a file, or the newest file in a folder, was last changed [s of the epoch]."""
    times = [path.lstat().st_mtime]
    if path.is_dir() and not path.is_symlink():
        times += [one.lstat().st_mtime for one in path.rglob("*")]
    return max(times)

"""`dexgen status`: what is done and what serves."""

import json
from pathlib import Path

from flows.commands.terminal import table
from tasks.store.protocol import VersionStore


def summary(home: Path, store: VersionStore) -> str:
    """Return the steps done, the last report, and the released model."""
    entries = store.index_entries()  # oldest first
    newest = {str(entry["label"]): entry for entry in entries}
    rows = [
        (
            f"  {label}",
            str(entry["ref"]["version"])[:12],
            f"{float(entry['seconds']):.1f} s",
            str(entry["time_utc"])[:16],
        )
        for label, entry in sorted(newest.items())
    ]
    parts = [f"home {home}", f"{len(entries)} results in the store's index; the newest of each:"]
    return "\n".join(
        [*parts, *([table(rows, right=(2,))] if rows else []), last_report(home), released(home)]
    )


def last_report(home: Path) -> str:
    path = home / "reports" / "latest" / "summary.json"
    if not path.exists():
        return "report: none yet (dexgen run)"
    run = json.loads(path.read_text())
    ending = f"failed: {run['failure']}" if run["failure"] else "finished"
    return f"report: {path.with_name('index.html')} ({ending})"


def released(home: Path) -> str:
    folders = [path for path in (home / "releases").glob("*") if path.name.isdigit()]
    if not folders:
        return "released: nothing yet (dexgen promote)"
    newest = max(folders, key=lambda path: int(path.name))
    return f"newest release: {newest} (a robot verifies it when it pulls)"

"""What is done and what serves: `dexgen status`."""

import json
from pathlib import Path

from tasks.store import open_store


def summary(home: Path) -> str:
    """Return the steps done, the last report, and the released model."""
    entries = open_store(home).index_entries()  # oldest first
    lines = [f"home {home}", f"{len(entries)} results in the store's index; the newest of each:"]
    for label, entry in sorted({str(entry["label"]): entry for entry in entries}.items()):
        version, seconds = str(entry["ref"]["version"])[:12], float(entry["seconds"])
        lines.append(f"  {label:<20}{version}  {seconds:7.1f} s  {str(entry['time_utc'])[:16]}")
    return "\n".join([*lines, last_report(home), released(home)])


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

"""Reports of runs below the state folder, and the versions that they show."""

import json
from pathlib import Path


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

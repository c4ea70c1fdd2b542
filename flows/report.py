"""What a run leaves for people: reports/<run>/ with summary.json and index.html."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from configs.load import digest
from configs.schema.pipeline import Config
from flows.runtime import Done
from tasks.store import open_store


def report_run(
    config: Config, overrides: list[str], done: list[Done], failure: Exception | None, home: Path
) -> Path:
    """Write the report of a run, finished or failed, and point reports/latest at it."""
    from tasks.evaluation.page import write_report  # matplotlib is slow to import

    run = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"
    folder = home / "reports" / run
    summary: dict[str, Any] = {
        "run": run,
        "overrides": overrides,
        "configuration": digest(config),
        "failure": None if failure is None else " ".join(str(failure).split()),
        "stages": stages(done),
        "artifacts": {step.label: step.ref.version for step in done},
    }
    write_report(folder, summary | artifacts(done, home))
    point_latest(folder)
    return folder


def stages(done: list[Done]) -> dict[str, dict[str, Any]]:
    """Add up the steps of each stage: seconds of work, peak memory, whether all were reused."""
    table: dict[str, dict[str, Any]] = {}
    for step in done:
        row = table.setdefault(step.step, {"seconds": 0.0, "reused": True, "peak_mib": 0.0})
        row["seconds"] = round(row["seconds"] + step.seconds, 3)
        row["reused"] = row["reused"] and step.reused
        row["peak_mib"] = max(row["peak_mib"], round(step.peak_mib, 1))
    return table


def artifacts(done: list[Done], home: Path) -> dict[str, Any]:
    """Read the JSON files of the artifacts that the page shows."""
    store = open_store(home)
    found: dict[str, Any] = {"evaluation": {}}
    for step in done:
        folder = store.open(step.ref)
        for path in sorted(folder.glob("*.json")):
            if path.name == "evaluation.json":
                found |= json.loads(path.read_text())
    return found


def point_latest(folder: Path) -> None:
    """Make reports/latest a link to the newest report, in one move."""
    link = folder.parent / f".latest.{os.getpid()}"
    link.symlink_to(folder.name)
    os.replace(link, folder.parent / "latest")

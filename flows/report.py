"""What a run leaves for people: reports/<run>/ with summary.json and index.html."""

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from configs.files import replacing
from configs.load import digest
from configs.schema.pipeline import Config
from flows.plan import Node
from flows.runtime import Done
from flows.stages import PER_OBJECT
from tasks.data.dataset_commits import part
from tasks.data.verdict import VERDICT, Verdict
from tasks.running.context import recorded
from tasks.running.identity import ROOT
from tasks.store import open_store

# The only artifacts that are opened whole: a dataset may be larger than this machine's disk.
OPENED = ("evaluate", "calibrate", "grasps")


def report_run(
    config: Config,
    overrides: list[str],
    done: list[Done],
    failure: Exception | None,
    home: Path,
    left_out: Mapping[str, str],
    until: str,
) -> Path:
    """Write the report of a run, finished or failed, and point reports/latest at it, unless all
    that was asked for is some objects' grasps.

    `left_out` says by label why there is nothing of an object; `until` is the last stage wanted.
    """
    from tasks.report.page import write_report  # it brings matplotlib, which takes a second

    run = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"
    folder = home / "reports" / run
    summary: dict[str, Any] = {
        "run": run,
        "until": until,
        "overrides": overrides,
        "training_seed": config.training_seed,
        "configuration": digest(config),
        "failure": None if failure is None else " ".join(str(failure).split()),
        "left_out": dict(left_out),
        "stages": stages(done),
        "artifacts": {step.label: step.ref.version for step in done},
        "lineage": lineage(done, home),
    }
    if until == "grasps":
        names = [Path(step.label).name for step in done if step.step == "grasps"]
        summary["galleries"] = {name: f"grasps/{name}/index.html" for name in names}
    code = commit()
    if code is not None:
        summary["code"] = code
    write_report(folder, summary | artifacts(done, home))
    whole = failure is None and until not in PER_OBJECT
    if whole or "evaluate" in summary["stages"]:
        point_latest(folder)  # a run that failed early has nothing to show in place of the last
    return folder


def write_galleries(folder: Path, nodes: list[Node], done: list[Done], home: Path) -> None:
    """Write a page about each object's grasps beside the report, and say where."""
    from tasks.report.gallery import gallery_of

    store, made = open_store(home), {step.label: step for step in done}
    for node in nodes:
        if node.step == "grasps" and node.label in made:
            name = Path(node.label).name
            item = store.open(made[f"objects/{name}"].ref)
            grasps = store.open(made[node.label].ref)
            page = gallery_of(folder / "grasps" / name, node.config, item, grasps)
            print(f"gallery {page}", flush=True)


def stages(done: list[Done]) -> dict[str, dict[str, Any]]:
    """Add up the steps of each stage: seconds of work, peak memory, whether all were reused."""
    table: dict[str, dict[str, Any]] = {}
    for step in done:
        row = table.setdefault(step.step, {"seconds": 0.0, "reused": True, "peak_mib": 0.0})
        row["seconds"] = round(row["seconds"] + step.seconds, 3)
        row["reused"] = row["reused"] and step.reused
        row["peak_mib"] = max(row["peak_mib"], round(step.peak_mib, 1))
    return table


def lineage(done: list[Done], home: Path) -> list[dict[str, Any]]:
    """Return each step's version and what made it, as its commit says, inputs before users."""
    store = open_store(home)
    kept = ("code", "configuration", "inputs")
    return [
        {"label": step.label, "version": step.ref.version}
        | {key: store.read(step.ref.version).metadata[key] for key in kept}
        for step in done
    ]


def commit(root: Path = ROOT) -> dict[str, Any] | None:
    """Return the git commit of the code and whether files differ from it; None without git."""
    try:
        top, head = (git(root, "rev-parse", what) for what in ("--show-toplevel", "HEAD"))
        if Path(top).resolve() != root.resolve():
            return None  # installed inside another project's work tree
        return {"commit": head, "dirty": bool(git(root, "status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return made.stdout.strip()


def artifacts(done: list[Done], home: Path) -> dict[str, Any]:
    """Gather what the page shows of the artifacts: figures, coverage, grasp funnels, verdict."""
    store = open_store(home)
    found: dict[str, Any] = {"evaluation": {}, "grasps": {}, "metrics": {}}
    for step in done:
        folder = store.open(step.ref) if step.step in OPENED else Path()
        if step.step == "evaluate":
            found |= json.loads((folder / "evaluation.json").read_text())
            found["clips"] = json.loads((folder / "clips.json").read_text())
        elif step.step == "calibrate":
            found["calibration"] = json.loads((folder / "calibration.json").read_text())
        elif step.step == "check":
            verdict = Verdict.read(store.open(part(step.ref, VERDICT)))
            found["data"] = {"now": verdict.coverage, "before": verdict.coverage_before}
        elif step.step == "grasps":
            found["grasps"][Path(step.label).name] = funnel(folder)
        if step.step in ("experts", "train", "critic"):
            found["metrics"][step.label] = recorded(store, home, step.identity)
    decision = decision_of(done, home, found.get("bundle_hash"))
    if decision is not None:
        passed = decision["verdict"] == "passed"
        found["verdict"] = {"passed": passed, "judgements": decision["gates"]}
    return found


def decision_of(done: list[Done], home: Path, bundle_hash: str | None) -> dict[str, Any] | None:
    """Return the promotion's decision: its artifact's, or the registry's of a refused bundle.

    The artifact leaves out what was timed on the machine; the registry's own record has it.
    """
    from tasks.registry.listing import latest_decision

    record = None if bundle_hash is None else latest_decision(home, bundle_hash)
    made = next((step.ref for step in done if step.step == "promote"), None)
    if made is None or record is None:
        return record
    decision = json.loads((open_store(home).open(made) / "decision.json").read_text())
    timed = {row["gate"]: row for row in record["gates"] if row["metric"].startswith("machine.")}
    return decision | {"gates": [timed.get(row["gate"], row) for row in decision["gates"]]}


def funnel(folder: Path) -> dict[str, int]:
    """Return how many grasp candidates each stage let pass, sampling and expansion added up."""
    counts = Counter[str]()
    for phase in json.loads((folder / "yields.json").read_text())["funnel"].values():
        counts.update(phase)
    return dict(counts)


def point_latest(folder: Path) -> None:
    """Make reports/latest a link to the newest report, in one move."""
    with replacing(folder.parent / "latest") as link:
        link.symlink_to(folder.name)

"""What a step is given beside its configuration and its references."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.refs import Ref
from tasks.store.protocol import MissingRef, VersionStore

PROGRESS_INTERVAL_S = 5.0
METRICS = "metrics.jsonl"


@dataclass
class Progress:
    """Say how far a step is, at what rate, and how long it will take, now and then."""

    label: str
    unit: str = ""  # of the present phase; a new unit begins a new phase
    started: float = 0.0
    first: float = 0.0  # what was done already when this process began the phase
    said: float = 0.0
    complete: bool = False

    def __call__(self, done: float, total: float, unit: str) -> None:
        """Report `done` of `total` units; prints one line every few seconds at most."""
        now = time.monotonic()
        if unit != self.unit:
            self.unit, self.started, self.first = unit, now, done
            self.said, self.complete = 0.0, False
        if self.complete or (now - self.said < PROGRESS_INTERVAL_S and done < total):
            return
        self.said, self.complete = now, done >= total
        rate = (done - self.first) / max(now - self.started, 1e-9)
        pace = f"{rate:8.1f}/s  {(total - done) / rate:.0f} s left" if done > self.first else ""
        line = f"  {self.label:<18} {done:>9.0f} / {total:.0f} {unit} {pace}"
        sys.stdout.write(f"{line.rstrip()}\n")  # one write: other steps talk at the same time
        sys.stdout.flush()


@dataclass(frozen=True)
class Context:
    """A step's surroundings: where to read, to work, to report and to publish.

    `scratch` belongs to the step's identity: it survives a kill, so that the same step goes on
    where it was, and is removed once the step has published.
    """

    identity: str
    label: str  # for people: grasps/box
    store: VersionStore
    home: Path
    scratch: Path
    threads: int | None
    progress: Progress
    origin: Mapping[str, Any]  # step, configuration digest, code fingerprint: for lineage

    @property
    def metrics_file(self) -> Path:
        return metrics_file(self.home, self.identity)

    def record(self, name: str, value: float, step: int | None = None) -> None:
        """Note a metric beside the artifact; a step knows no tracking service."""
        row = json.dumps({"name": name, "value": float(value), "step": step})
        with self.metrics_file.open("a") as stream:
            stream.write(row + "\n")

    def open(self, ref: Ref) -> Path:
        """Return a read-only folder with the artifact's files, every byte verified."""
        return self.store.open(ref)

    def files(self, ref: Ref) -> list[str]:
        """Return the paths of the artifact's files in the folder that `open` would return."""
        prefix = f"{ref.path}/" if ref.path else ""
        tree = self.store.read(ref.version).tree
        return sorted(path.removeprefix(prefix) for path in tree if path.startswith(prefix))

    def fetch(self, ref: Ref, path: str, target: Path) -> None:
        """Make `target` one of the artifact's files, verified; no other copy of it is kept."""
        whole = f"{ref.path}/{path}" if ref.path else path
        self.store.fetch(Ref(ref.store, ref.version, whole), target)

    def metrics_of(self, ref: Ref) -> list[dict[str, Any]]:
        """Return what the step that made `ref` recorded; a repeated (name, step) counts once."""
        identity = self.store.read(ref.version).metadata.get("identity", "")
        return recorded(self.store, self.home, identity)

    def publish(self, files: Mapping[str, Path], message: str, parents: Sequence[Ref]) -> Ref:
        """Publish the step's artifact; its commit names the step's origin and its inputs.

        Equal files, origin and parents give an equal version.
        """
        metadata = {"identity": self.identity, **self.origin}
        versions = tuple(dict.fromkeys(ref.version for ref in parents))
        return self.store.publish(files, message, metadata, versions)


def publish_metrics(store: VersionStore, home: Path, identity: str) -> dict[str, str]:
    """Publish what a step recorded, where every machine that shares the store finds it.

    Returns:
        The fact for the step's entry in the index: the version, by `metrics`; none without metrics.
    """
    file = metrics_file(home, identity)
    if not file.exists():
        return {}
    metadata = {"identity": f"{identity}.metrics"}
    return {"metrics": store.publish({METRICS: file}, "metrics", metadata).version}


def recorded(store: VersionStore, home: Path, identity: str) -> list[dict[str, Any]]:
    """Return what the step with this identity recorded, on whatever machine."""
    try:
        version = store.index_entry(identity).get("metrics")
    except MissingRef:
        version = None  # not done yet, or no longer
    if version is None:
        return read_metrics(metrics_file(home, identity))
    return read_metrics(store.open(Ref(store.name, version, METRICS)))


def metrics_file(home: Path, identity: str) -> Path:
    return home / "metrics" / f"{identity}.jsonl"


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read recorded metrics; a line cut off by a kill is left out, the last of equals wins."""
    rows: dict[tuple[str, int | None], dict[str, Any]] = {}
    if not path.exists():
        return []
    for line in path.read_text().splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # only a kill in mid-write leaves such a line; the rerun wrote it again
        rows[row["name"], row["step"]] = row
    return list(rows.values())


def make_scratch(home: Path, identity: str) -> Path:
    folder = home / "scratch" / identity
    folder.mkdir(parents=True, exist_ok=True)
    os.makedirs(home / "metrics", exist_ok=True)
    return folder

"""Measure a dataset of 40,000 shards: 1e10 transitions, as the `paper` profile makes them.

    python benchmarks/manifests.py --json figures.json

The runs and their files are made as a writer makes them, with statistics drawn within the columns'
ranges. The shards are stored objects of a few bytes each, since none of what is measured reads
one: the sampled rows, which it does read, come from one real shard of full length. Each figure is
taken in a fresh process, after its imports and with the files in the page cache:
`commit_s`   every shard and run of stored rollouts copied into a dataset's tree by hash, the
             manifest put, committed; `merge_s` with `main` and tagged; `find_s` the index asked
             whether the rollouts are whole;
`open_s`     the version opened by its manifest, totals and statistics read; `open_mib` resident;
             `list_s`, `list_mib` with the runs opened and verified and every shard listed;
`check_s`    the tables, Great Expectations and the search for failures, the sample
             included; `import_s` the import of Great Expectations, `check_mib` resident.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from configs.load import load
from configs.refs import Ref
from configs.schema.check import CheckStep
from configs.schema.pipeline import Config
from envs.episodes.episodes import MANIFEST, EpisodeWriter, open_shard
from envs.episodes.manifest import Manifest, make_manifest
from envs.episodes.runs import RUNS, SHARDS, Run, Shard, write_run
from envs.episodes.statistics import Statistics, split_columns
from tasks.check.examination import examine
from tasks.check.expectations import Column, expected_columns
from tasks.check.previous import Earlier
from tasks.data.dataset_commits import open_manifest, open_runs
from tasks.store.local import LocalStore

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.made_up_data import whole
from benchmarks.measuring import ANY, alone, finish, parser, peak_mib, positive, run, say

LIMITS = {
    "commit_s": (-ANY, 2.0),
    "open_s": (-ANY, 1.0),
    "open_mib": (-ANY, 300.0),
    "check_s": (-ANY, 5.0),
}
ROWS = 250_000  # of a shard: 1e10 transitions in 40,000
FOLDER, STEP = "runs/benchmark", "benchmark"
KNOWN = {"object": ("box", "cylinder", "sphere"), "style": ("fast", "slow")}


def main() -> int:
    command = parser(__doc__)
    command.add_argument("--shards", type=positive, default=40_000)
    command.add_argument("--runs", type=positive, default=2000, help="as many chunks has `paper`")
    options = command.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return finish(measure(Path(folder), options), options, LIMITS)


def measure(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Make the dataset, then take each figure in a process of its own."""
    started = time.perf_counter()
    make(folder, options.shards, options.runs)
    say(f"made in {time.perf_counter() - started:.0f} s")
    figures: dict[str, float] = {"shards": options.shards, "runs": options.runs}
    for phase in (commit, open_it, list_it, check):
        figures |= alone(phase, folder)
    return figures


def make(folder: Path, shards: int, runs: int) -> None:
    """Write a real shard, the run files, the manifest, and a version of a store that has them."""
    config = load(Config, [])
    layout, rng = config.embodiment.make_layout(), np.random.default_rng(0)
    columns = expected_columns(layout, config.check.margins, tuple(layout.fields), KNOWN)
    store, fingerprint = LocalStore(folder / "store"), layout.fingerprint()
    (folder / RUNS).mkdir(parents=True, exist_ok=True)
    made: list[Run] = []
    for number, count in enumerate(np.bincount(np.arange(shards) % runs)):
        names = [_store_object(store, f"{number}.{index}") for index in range(count)]
        held = {name: _shard(rng, columns) for name in names}
        rows = int(count) * ROWS
        rows_by = {k: _equal(rows, len(v)) for k, v in (KNOWN | {"mode": layout.modes}).items()}
        counts = {"episodes": 100 * int(count), "drops": int(count), "too_short": 1}
        made.append(write_run(folder, held, rows_by, counts, fingerprint, "simulation"))
    manifest = make_manifest(fingerprint, "simulation", tuple(layout.fields), made, {})
    manifest.write(folder)
    _publish(store, folder, manifest)
    _real_shard(folder, layout)


def commit(folder: Path) -> dict[str, float]:
    """Copy what is stored into a dataset's tree; commit, merge, tag."""
    store = LocalStore(folder / "store")
    figures = timed("find", lambda: store.index_get(STEP))
    source = Ref("local", store.resolve(f"steps/{STEP}"), "")
    manifest = open_runs(store, source)
    names = [*(run.name for run in manifest.runs), *manifest.shards]
    store = LocalStore(folder / "store")

    def all_of_it() -> None:
        store.branch(FOLDER, None)
        for name in names:
            store.copy(FOLDER, f"{FOLDER}/{name}", Ref("local", source.version, name))
        store.put(FOLDER, f"{FOLDER}/{MANIFEST}", folder / MANIFEST)
        store.commit(FOLDER, "dataset", {"manifest": manifest.hash()}, (source.version,))

    def publish() -> None:
        store.merge(FOLDER, "main")
        store.tag("datasets/benchmark", store.resolve(FOLDER))

    return figures | timed("commit", all_of_it) | timed("merge", publish)


def open_it(folder: Path) -> dict[str, float]:
    """Open the dataset by its manifest."""
    store = LocalStore(folder / "store")

    def all_of_it() -> None:
        manifest = open_manifest(store, Ref("local", store.resolve("main"), FOLDER))
        assert manifest.rows
        assert manifest.statistics()

    return timed("open", all_of_it) | {"open_mib": peak_mib()}


def list_it(folder: Path) -> dict[str, float]:
    """Open the dataset by its manifest and runs, and list its shards."""
    store = LocalStore(folder / "store")

    def all_of_it() -> None:
        manifest = open_runs(store, Ref("local", store.resolve("main"), FOLDER))
        assert len(manifest.shards) == sum(run.shards for run in manifest.runs)

    return timed("list", all_of_it) | {"list_mib": peak_mib()}


def check(folder: Path) -> dict[str, float]:
    """Hold the dataset against what is expected of it, and a version before of equal statistics."""

    def libraries() -> None:
        import great_expectations
        import great_expectations.expectations

        assert great_expectations

    loaded = timed("import", libraries)
    config = load(Config, [])
    layout = config.embodiment.make_layout()
    store = LocalStore(folder / "store")
    manifest = open_runs(store, Ref("local", store.resolve("main"), FOLDER))
    real = open_shard(folder / "real.safetensors", layout)
    step = CheckStep(
        embodiment=config.embodiment,
        check=config.check,
        objects=KNOWN["object"],
        styles=KNOWN["style"],
        seed=0,
    )
    earlier = Earlier("0" * 64, replace(manifest))
    found: list[Any] = []

    def all_of_it() -> None:
        found.append(examine(manifest, earlier, lambda _: real, layout, step))

    figures = loaded | timed("check", all_of_it)
    return figures | {"check_mib": peak_mib(), "failures": float(len(found[0].failures))}


def timed(name: str, action: Callable[[], Any]) -> dict[str, float]:
    """Return how long something takes [s]."""
    started = time.perf_counter()
    action()
    return {f"{name}_s": time.perf_counter() - started}


def _shard(rng: np.random.Generator, columns: list[Column]) -> Shard:
    """Return a shard's figures, every column within its range."""
    lower = np.array([max(column.lower, -1e6) for column in columns])
    upper = np.array([min(column.upper, 1e6) for column in columns])
    low, middle, high = np.sort(rng.uniform(lower, upper, (3, len(columns))), axis=0)
    joined = Statistics(ROWS, low, high, middle, (high - low) / 4, np.zeros(len(columns), int))
    first: dict[str, int] = {}
    for index, column in enumerate(columns):
        first.setdefault(column.field, index)
    ends = [*first.values(), len(columns)][1:]
    slices = {f: slice(start, end) for (f, start), end in zip(first.items(), ends, strict=True)}
    statistics = split_columns(joined, slices)
    return Shard(ROWS, 100, 1, 180_000_000, statistics)


def _equal(rows: int, names: int) -> dict[str, int]:
    share = rows // names
    return {str(i): share + (rows - share * names) * (i == 0) for i in range(names)}


def _store_object(store: LocalStore, content: str) -> str:
    """Place a small object as it would be stored, without waiting for the disk; name its shard."""
    digest = hashlib.sha256(content.encode()).hexdigest()
    path = store.root / "objects" / digest[:2] / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return f"{SHARDS}/{digest}.safetensors"


def _publish(store: LocalStore, folder: Path, manifest: Manifest) -> None:
    """Publish the files, without hashing each as `publish` does."""
    files = {MANIFEST: folder / MANIFEST} | {run.name: folder / run.name for run in manifest.runs}
    held = {
        name: store.root / "objects" / Path(name).stem[:2] / Path(name).stem
        for name in manifest.shards
    }
    ref = store.publish(files | held, "rollouts", {"identity": STEP})
    store.index_put(STEP, ref)


def _real_shard(folder: Path, layout: Any) -> None:
    """Write one shard of full length, for the sampled rows."""
    rng = np.random.default_rng(1)
    joints = rng.uniform(layout.joint_lower, layout.joint_upper, (ROWS, layout.num_joints))
    given: dict[str, Any] = dict.fromkeys(
        ("joint_position", "joint_observation", "joint_target"), joints
    )
    given |= dict.fromkeys(("object_pose", "goal_pose"), np.eye(7)[3])
    writer = EpisodeWriter(folder / "real", layout, 1 << 40)
    writer.append(whole(layout, ROWS, given))
    (name,) = writer.close().shards
    (folder / "real" / name).rename(folder / "real.safetensors")


if __name__ == "__main__":
    run(main)

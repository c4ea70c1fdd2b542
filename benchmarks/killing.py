"""Writers and a committer that are killed again and again, and what is left after each kill.

The parts are the pipeline's own: an EpisodeWriter a run, published as a step's artifact; the
committer merges the manifests of all runs and puts the dataset on main, as the step `check` does.
A row is known by (writer, episode, step). The committer writes down what it was told is on main.
"""

import json
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.made_up_data import whole
from configs.layout import Layout
from configs.load import load
from configs.refs import Ref
from configs.schema.pipeline import Config
from envs.episodes.episodes import (
    EpisodeWriter,
    manifest_files,
    merge_manifests,
    open_shard,
    read_manifest,
)
from tasks.check.check import MAIN, assemble
from tasks.data.dataset_commits import open_runs
from tasks.running.context import Context, Progress, make_scratch
from tasks.store import open_store
from tasks.store.protocol import MissingRef, StoreError, VersionStore

CONTEXT = multiprocessing.get_context("spawn")
WRITERS = 3
RUNS, EPISODES, LENGTH = 1, 3, 20  # a writer's runs between two kills; rows of an episode
SHARD_BYTES = 2 * LENGTH * 504  # two episodes
KILL_S = 0.8  # [s] at most, after all processes have begun
DATASET, ACKNOWLEDGED = "dataset", "acknowledged.jsonl"


def kills(count: int, seed: int) -> dict[str, Any]:
    """Kill everything at random moments; raise AssertionError where something is not whole."""
    rng, found = random.Random(seed), Counter[str]()
    seen: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        open_store(home)
        for number in range(count):
            ready = CONTEXT.Barrier(WRITERS + 2)
            started = [start(ready, write, home, writer) for writer in range(WRITERS)]
            started.append(start(ready, commit, home))
            ready.wait()
            time.sleep(rng.uniform(0.0, KILL_S))
            found["killed"] += sum(end(process) == -signal.SIGKILL for process in started)
            found.update(audit(home, seen))
            if (number + 1) % 20 == 0:
                rows, runs = count_rows(home)
                print(f"  {number + 1} kills, {runs} runs on main, {rows} rows", flush=True)
        found.update(audit(home, set()))
        rows, runs = count_rows(home)
        leftovers = sum(1 for _ in (home / "store" / "tmp").glob("*"))
    return {
        "kills": count,
        "processes_killed": found["killed"],
        "inside_a_write": leftovers,
        "runs_on_main": runs,
        "rows_on_main": rows,
        "versions_opened": found["versions"],
        "rows_lost": found["lost"],
        "rows_doubled": found["doubled"],
        "unreadable_versions": found["unreadable"],
    }


def audit(home: Path, seen: set[str]) -> dict[str, int]:
    """Open every version that was not seen before, and main's; count main's rows against those
    that were said to be there."""
    store, layout = open_store(home), layout_of_benchmark()
    found = {"versions": 0, "unreadable": 0, "lost": 0, "doubled": 0}
    for name in store.branches():
        try:
            version = store.resolve(name)
        except MissingRef:
            continue  # a branch that was made and not yet committed to
        if version in seen:
            continue
        seen.add(version)
        try:
            store.open(Ref(store.name, version, ""))
            found["versions"] += 1
        except StoreError as error:
            print(f"  {name}: {error}")
            found["unreadable"] += 1
    held = Counter(rows_of(store, layout))
    said = Counter(row for run in acknowledged(home) for row in rows_of_run(run))
    found["lost"] = sum((said - held).values())
    found["doubled"] = sum(count - 1 for count in held.values())
    return found


def rows_of(store: VersionStore, layout: Layout) -> list[tuple[int, int, int]]:
    """Return (writer, episode, step) of every row of the dataset on main."""
    try:
        version = store.resolve(MAIN)
    except MissingRef:
        return []
    folder = store.open(Ref(store.name, version, DATASET))
    manifest = read_manifest(folder, layout)
    rows: list[tuple[int, int, int]] = []
    for name, shard in manifest.shards.items():
        arrays = open_shard(folder / name, layout)
        assert len(arrays["step"]) == shard.rows, f"{name}: rows"
        rows += zip(*(arrays[key].tolist() for key in ("object", "episode", "step")), strict=True)
    return rows


def rows_of_run(run: str) -> list[tuple[int, int, int]]:
    writer, number = map(int, run.split("-")[1:])
    episodes = (number * EPISODES + e for e in range(EPISODES))
    return [(writer, episode, step) for episode in episodes for step in range(LENGTH)]


def count_rows(home: Path) -> tuple[int, int]:
    rows = rows_of(open_store(home), layout_of_benchmark())
    return len(rows), len(rows) // (EPISODES * LENGTH)


def acknowledged(home: Path) -> list[str]:
    """Return the runs that the committer said are on main; a kill may cut the last line."""
    path = home / ACKNOWLEDGED
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return json.loads(lines[-1]) if lines else []


def write(home: Path, writer: int) -> None:
    """Publish this writer's next runs of episodes, each as a step's artifact (a child)."""
    layout, store = layout_of_benchmark(), open_store(home)
    known = {entry["identity"] for entry in store.index_entries()}
    first = sum(identity.startswith(f"run-{writer}-") for identity in known)
    for number in range(first, first + RUNS):
        identity = f"run-{writer}-{number}"
        context = surroundings(home, identity, store)
        episodes = EpisodeWriter(context.scratch, layout, SHARD_BYTES)
        for episode in range(number * EPISODES, (number + 1) * EPISODES):
            episodes.append(made_up(layout, writer, episode))
        episodes.close({"episodes": EPISODES})
        ref = context.publish(manifest_files(context.scratch), identity, [])
        store.index_put(identity, ref)


def commit(home: Path) -> None:
    """Put every run that is published into one dataset on main, again and again (a child)."""
    store, layout = open_store(home), layout_of_benchmark()
    while True:
        said = acknowledged(home)
        entries = {entry["identity"]: Ref(**entry["ref"]) for entry in store.index_entries()}
        new = sorted(entries.keys() - set(said))
        if not new:
            time.sleep(0.02)
            continue
        add(home, store, layout, [entries[run] for run in new])
        with (home / ACKNOWLEDGED).open("a") as stream:
            stream.write(json.dumps(sorted([*said, *new])) + "\n")
            stream.flush()
            os.fsync(stream.fileno())


def add(home: Path, store: VersionStore, layout: Layout, new: list[Ref]) -> None:
    """Add runs to the dataset on main; one that is there already, unsaid by a kill, is not twice
    in it."""
    inputs = []
    if MAIN in store.branches():
        held = Ref(store.name, store.resolve(MAIN), DATASET)
        inputs.append((held, open_runs(store, held, layout)))
    known = {run.name for _, manifest in inputs for run in manifest.runs}
    for ref in new:
        manifest = open_runs(store, ref, layout)
        if not {run.name for run in manifest.runs} & known:
            inputs.append((ref, manifest))
    context = surroundings(home, "dataset", store)
    dataset = assemble(merge_manifests(m for _, m in inputs), inputs, DATASET, context)
    store.merge(dataset.version, MAIN)


def made_up(layout: Layout, writer: int, episode: int) -> dict[str, np.ndarray]:
    """Return one episode whose numbers are drawn, and whose ids tell whose it is."""
    rng = np.random.default_rng([writer, episode])
    floats = {name: f.shape for name, f in layout.fields.items() if f.dtype == "float32"}
    drawn = {name: rng.random((LENGTH, *shape)) for name, shape in floats.items()}
    return whole(layout, LENGTH, drawn | {"episode": episode, "object": writer})


def start(ready: Barrier, work: Callable[..., None], *given: Any) -> SpawnProcess:
    """Start a child, which waits for the others once it has imported everything."""
    process = CONTEXT.Process(target=child, args=(ready, work, *given))
    process.start()
    return process


def child(ready: Barrier, work: Callable[..., None], *given: Any) -> None:
    layout_of_benchmark()  # half a second that no kill shall fall into
    ready.wait()
    work(*given)


def end(process: SpawnProcess) -> int | None:
    """Kill a child and return its exit code."""
    process.kill()
    process.join()
    return process.exitcode


def surroundings(home: Path, identity: str, store: VersionStore) -> Context:
    scratch = make_scratch(home, identity)
    return Context(identity, identity, store, home, scratch, 1, Progress(identity), {})


@cache
def layout_of_benchmark() -> Layout:
    return load(Config).embodiment.make_layout()

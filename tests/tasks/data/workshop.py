"""A small store with two datasets, one of which passed its checks: no simulator, real files."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from configs.load import load
from configs.schema.pipeline import Config
from envs.episodes.episodes import read_manifest
from tasks.data.verdict import VERDICT, Failure
from tasks.store.protocol import VersionStore
from tests.tasks.synthetic_episodes import write_dataset


@cache
def config(hand: str) -> Config:
    return load(Config, [f"hand={hand}"])


def commit_dataset(
    store: VersionStore,
    folder: Path,
    run: str,
    episodes: int,
    passed: bool = True,
    hand: str = "allegro",
) -> str:
    """Put a dataset with its verdict on a branch `runs/<run>`, as the step `check` does."""
    write_dataset(folder, config(hand).embodiment, episodes=episodes, length=200)
    verdict = folder / VERDICT
    judged = json.loads(verdict.read_text()) | {"passed": passed}
    if not passed:
        shard = next(iter(read_manifest(folder).shards))
        failure = Failure("action[3]", shard, 9, (4, 5, 6, 7, 8, 9), "1.5 is above 1.0")
        judged["failures"] = [asdict(failure)]
    verdict.write_text(json.dumps(judged))
    branch = f"runs/{run}"
    store.branch(branch, None)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        store.put(branch, f"{branch}/{file.relative_to(folder).as_posix()}", file)
    word = "passed" if passed else "failed"
    manifest = read_manifest(folder).hash()
    metadata = {"step": "check", "verdict": word, "manifest": manifest}
    return store.commit(branch, f"checks {word}", metadata)


def fill(store: VersionStore, scratch: Path) -> dict[str, str]:
    """Return the versions of a store with `good` on main and `bad` on its branch alone."""
    good = commit_dataset(store, scratch / "good", "good", 4)
    bad = commit_dataset(store, scratch / "bad", "bad", 6, passed=False)
    store.merge(good, "main")
    store.tag("datasets/good", good)
    step = scratch / "step.txt"
    step.write_text("what a step made")
    identity = "ab" * 32
    ref = store.publish({"step.txt": step}, "a step", {"identity": identity, "step": "objects"})
    store.index_put(identity, ref, step="objects", label="objects/box", seconds=1.0)
    return {"good": good, "bad": bad, "step": ref.version}

"""Datasets for tests of what is made of them: sound episodes of two modes and styles, committed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from configs.layout import Layout
from configs.refs import Ref
from envs.episodes.episodes import EpisodeWriter, open_shard, read_manifest
from envs.episodes.manifest import manifest_files
from tasks.store.protocol import VersionStore
from tests.tiny_episodes import Episode, make_episode

SHARD_BYTES = 100_000
Change = Callable[[Episode], None]


def write_episodes(
    folder: Path,
    layout: Layout,
    count: int = 12,
    source: str = "simulation",
    change: Change = lambda episode: None,
    first: int = 0,
) -> Path:
    """Write `count` episodes of different lengths; `change` may spoil each."""
    writer = EpisodeWriter(folder, layout, SHARD_BYTES, source)
    for number in range(first, first + count):
        episode = make_episode(layout, number, length=7 + 5 * (number % 4), dropped=number % 3 == 0)
        episode["mode"][:], episode["style"][:] = number % 2, number % 2
        episode["object"][:], episode["clean"][::2] = number % 5, 0
        if source == "robot":
            for name in [n for n, field in layout.fields.items() if field.privileged]:
                del episode[name]
        change(episode)
        writer.append(episode)
    writer.close()
    return folder


def commit_dataset(store: VersionStore, branch: str, folder: Path, path: str = "") -> Ref:
    """Commit a dataset's files below `path` of a branch, which is made if need be."""
    if branch not in store.branches():
        store.branch(branch, None)
    for name, file in manifest_files(folder).items():
        store.put(branch, f"{path}/{name}".lstrip("/"), file)
    return Ref(store.name, store.commit(branch, "episodes", {}), path)


def rows_of(folder: Path) -> dict[str, np.ndarray]:
    """Return all frames of a dataset's folder, by field, in the manifest's order."""
    shards = [open_shard(folder / name) for name in read_manifest(folder).shards]
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}

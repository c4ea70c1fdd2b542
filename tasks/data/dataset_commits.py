"""A dataset in a store, opened by its parts: its manifest and runs without its shards."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

import numpy as np

from configs.layout import Layout
from configs.refs import Ref
from envs.episodes.episodes import MANIFEST, Manifest, open_shard, read_manifest
from envs.episodes.runs import RUNS
from tasks.store.protocol import Blob, VersionStore

Arrays = Mapping[str, np.ndarray]


def open_manifest(store: VersionStore, ref: Ref, layout: Layout | None = None) -> Manifest:
    """Return the manifest of the dataset at a reference; nothing else of it is read.

    Raises:
        MissingRef: no manifest there. Corrupt: changed bytes. EpisodesError, LayoutMismatch.
    """
    return read_manifest(store.open(part(ref, MANIFEST)).parent, layout)


def open_runs(store: VersionStore, ref: Ref, layout: Layout | None = None) -> Manifest:
    """Return the manifest with the files of its runs, so that shards can be listed.

    Raises:
        MissingRef, Corrupt, EpisodesError, LayoutMismatch: as `open_manifest`.
    """
    manifest = open_manifest(store, ref, layout)
    if manifest.runs:
        store.open(part(ref, RUNS))
    return manifest


def shard_opener(store: VersionStore, ref: Ref, layout: Layout) -> Callable[[str], Arrays]:
    """Return a function from a shard's path in the dataset to its arrays.

    Each shard is verified when it is first asked for, and kept open.
    """
    held: dict[str, Arrays] = {}

    def open_one(name: str) -> Arrays:
        if name not in held:
            held[name] = open_shard(store.open(part(ref, name)), layout)
        return held[name]

    return open_one


def misnamed(files: Mapping[str, Blob], manifest: Manifest) -> str | None:
    """Return a run or shard of a manifest that is missing or has other bytes than its name, which
    is a hash, promises; None if there is none. No file is read.

    `files` are a dataset's, by path in it.
    """
    for name in (*(run.name for run in manifest.runs), *manifest.shards):
        if name not in files or files[name].sha256 != PurePosixPath(name).stem:
            return name
    return None


def part(ref: Ref, name: str) -> Ref:
    """Return the reference of what is called `name` in a folder."""
    return Ref(ref.store, ref.version, f"{ref.path}/{name}" if ref.path else name)

"""Datasets inside versions: found by name and manifest, read without their rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from configs.errors import UserError
from configs.refs import Ref
from envs.episodes.episodes import MANIFEST, SHARDS, EpisodesError, Manifest, read_manifest
from envs.episodes.runs import RUNS
from tasks.data.verdict import VERDICT, Failure
from tasks.store.protocol import Blob, Commit, VersionStore


@dataclass(frozen=True)
class Judgement:
    """What the checks said, and whether it was said of this very manifest."""

    passed: bool
    binds: bool
    failures: tuple[Failure, ...]

    @property
    def word(self) -> str:
        if not self.binds:
            return "of another manifest"
        return "passed" if self.passed else "failed"


@dataclass(frozen=True)
class Dataset:
    """A dataset in a version; `folder` is its path in the tree, "" at the top."""

    version: str
    folder: str
    tree: Mapping[str, Blob]  # of the version
    manifest: Manifest
    judgement: Judgement | None  # None: not judged yet

    @property
    def files(self) -> dict[str, Blob]:
        """Return the blobs of the dataset's files by path in the dataset."""
        start = f"{self.folder}/" if self.folder else ""
        return {
            path.removeprefix(start): blob
            for path, blob in self.tree.items()
            if path.startswith(start)
        }

    @property
    def word(self) -> str:
        """Say what the checks said."""
        return "none yet" if self.judgement is None else self.judgement.word

    @property
    def bytes(self) -> int:
        return sum(blob.size for blob in self.files.values())


def read_datasets(store: VersionStore, name: str) -> list[Dataset]:
    """Return every dataset that a branch, tag or version holds. Raises MissingRef, Corrupt."""
    commit = store.read(store.resolve(name))
    return [_read(store, commit, folder) for folder in dataset_folders(commit)]


def read_dataset(store: VersionStore, name: str) -> Dataset:
    """Return the newest dataset of a version, or that of NAME:FOLDER. Raises UserError."""
    ref = locate_dataset(store, name)
    return _read(store, store.read(ref.version), ref.path)


def locate_dataset(store: VersionStore, name: str) -> Ref:
    """Return the reference of a dataset's folder.

    `name` is a branch, a tag, a version or its first digits, with `:folder` after it where it is
    not the newest dataset in there that is meant.

    Raises:
        UserError: no dataset there. MissingRef: no such branch, tag or version.
    """
    label, colon, folder = name.partition(":")
    version = store.resolve(label)
    present = dataset_folders(store.read(version))
    if not present:
        raise UserError(f"{label}: version {version[:12]} holds no {MANIFEST}")
    if not colon:
        return Ref(store.name, version, newest_folder(store, version))
    if folder.strip("/") not in present:
        raise UserError(f"{label}: no dataset at {folder!r}; there is {', '.join(present)}")
    return Ref(store.name, version, folder.strip("/"))


def dataset_folders(commit: Commit) -> list[str]:
    """Return the folders of a version that hold a manifest and runs, sorted; "" is all of it.

    A bundle has a manifest as well, and no runs.
    """
    ends = {path.rpartition("/")[0::2] for path in commit.tree}
    with_runs = {folder for folder, _ in ends}
    found = (folder for folder, name in ends if name == MANIFEST)
    return sorted(folder for folder in found if f"{folder}/{RUNS}".strip("/") in with_runs)


def newest_folder(store: VersionStore, version: str) -> str:
    """Return the dataset that came into a version last.

    A merge's first parent is what was there before, so what a version has beyond its first parent
    is newer than all that is in the parent.

    Raises:
        UserError: several came at once.
    """
    commit = store.read(version)
    while True:
        present = dataset_folders(commit)
        before = store.read(commit.parents[0]) if commit.parents else None
        old = set(dataset_folders(before)) if before else set()
        if not set(present) & old:  # the parent is an input (rollouts), not an earlier state
            fresh = present
        else:
            fresh = [folder for folder in present if folder not in old]
        if len(fresh) == 1:
            return fresh[0]
        if fresh or before is None:
            raise UserError(
                f"{version[:12]}: several datasets came at once; name one, "
                f"as {version[:12]}:FOLDER: {', '.join(fresh or present)}"
            )
        commit = before


def _read(store: VersionStore, commit: Commit, folder: str) -> Dataset:
    start = f"{folder}/" if folder else ""
    rows = f"{start}{SHARDS}/"
    opened = Path()
    for path in commit.tree:  # what describes the rows, and not the rows
        if path.startswith(start) and not path.startswith(rows):
            file = store.open(Ref(store.name, commit.id, path))
            opened = file if path == f"{start}{MANIFEST}" else opened
    manifest = read_manifest(opened.parent)
    judged = f"{start}{VERDICT}" in commit.tree
    judgement = _judgement(opened.with_name(VERDICT), manifest) if judged else None
    return Dataset(commit.id, folder, commit.tree, manifest, judgement)


def _judgement(file: Path, manifest: Manifest) -> Judgement:
    try:
        values = json.loads(file.read_text())
        failures = tuple(Failure(**one) for one in values["failures"])
        binds = values["manifest"] == manifest.hash()
        return Judgement(bool(values["passed"]), binds, failures)
    except (ValueError, KeyError, TypeError):
        raise EpisodesError(f"{file}: not a verdict; run the check step") from None

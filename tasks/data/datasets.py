"""Datasets inside versions: found by their manifest, read without their rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from configs.errors import UserError
from configs.refs import Ref
from envs.episodes.episodes import MANIFEST, SHARDS, EpisodesError, Manifest, read_manifest
from tasks.data.location import dataset_folders, locate_dataset
from tasks.data.verdict import DOCS, VERDICT, Failure
from tasks.store.protocol import Blob, Commit, VersionStore


class DataError(UserError):
    """A version that is not what a command asks for; one line with the remedy."""


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
    """Return the newest dataset of a version, or that of NAME:FOLDER. Raises DatasetNotFound."""
    ref = locate_dataset(store, name)
    return _read(store, store.read(ref.version), ref.path)


def docs_of(store: VersionStore, dataset: Dataset) -> Path | None:
    """Return the first page of a dataset's Data Docs, opened; None where it has none."""
    folder = f"{dataset.folder}/{DOCS}".lstrip("/")
    if f"{folder}/index.html" not in dataset.tree:
        return None
    return store.open(Ref(store.name, dataset.version, folder)) / "index.html"


def _read(store: VersionStore, commit: Commit, folder: str) -> Dataset:
    start = f"{folder}/" if folder else ""
    rows, pages = _below(folder, SHARDS), _below(folder, DOCS)
    opened = Path()
    for path in commit.tree:  # what describes the rows, and not the rows
        if path.startswith(start) and not path.startswith((rows, pages)):
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


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}/" if folder else f"{name}/"

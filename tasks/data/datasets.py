"""Datasets inside versions: found by name and manifest, read without their rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from configs.errors import UserError
from configs.refs import Ref
from envs.episodes.episodes import MANIFEST, Manifest
from envs.episodes.runs import RUNS
from tasks.data.dataset_commits import open_runs, part
from tasks.data.verdict import VERDICT, Verdict
from tasks.store.protocol import Blob, Commit, VersionStore


@dataclass(frozen=True)
class Dataset:
    """A dataset in a version; `folder` is its path in the tree, "" at the top."""

    version: str
    folder: str
    tree: Mapping[str, Blob]  # of the version
    manifest: Manifest
    verdict: Verdict | None  # None: not judged yet

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
        """Say what the checks said, and whether it was said of this very manifest."""
        if self.verdict is None:
            return "none yet"
        if self.verdict.manifest != self.manifest.hash():
            return "of another manifest"
        return "passed" if self.verdict.passed else "failed"


def read_datasets(store: VersionStore, name: str) -> list[Dataset]:
    """Return every dataset that a branch, tag or version holds. Raises MissingRef, Corrupt."""
    commit = store.read(store.resolve(name))
    return [dataset_at(store, Ref(store.name, commit.id, path)) for path in dataset_folders(commit)]


def read_dataset(store: VersionStore, name: str) -> Dataset:
    """Return the newest dataset of a version, or that of NAME:FOLDER. Raises UserError."""
    return dataset_at(store, locate_dataset(store, name))


def dataset_at(store: VersionStore, ref: Ref) -> Dataset:
    """Return the dataset of a folder: what describes the rows is opened, and not the rows."""
    tree, manifest, verdict = store.read(ref.version).tree, open_runs(store, ref), None
    if part(ref, VERDICT).path in tree:
        verdict = Verdict.read(store.open(part(ref, VERDICT)))
    return Dataset(ref.version, ref.path, tree, manifest, verdict)


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

"""Where a dataset is: a branch, tag or version of the store, and a folder in it."""

from configs.errors import UserError
from configs.refs import Ref
from envs.episodes.manifest import MANIFEST
from envs.episodes.runs import RUNS
from tasks.store.protocol import Commit, VersionStore


class DatasetNotFound(UserError):
    """There is no dataset by that name, or more than one; one line with the names to choose."""


def locate_dataset(store: VersionStore, name: str) -> Ref:
    """Return the reference of a dataset's folder.

    `name` is a branch, a tag, a version or its first digits, with `:folder` after it where it is
    not the newest dataset in there that is meant.

    Raises:
        DatasetNotFound: no dataset there. MissingRef: no such branch, tag or version.
    """
    label, colon, folder = name.partition(":")
    version = store.resolve(label)
    present = dataset_folders(store.read(version))
    if not present:
        raise DatasetNotFound(f"{label}: version {version[:12]} holds no {MANIFEST}")
    if not colon:
        return Ref(store.name, version, newest_folder(store, version))
    if folder.strip("/") not in present:
        raise DatasetNotFound(f"{label}: no dataset at {folder!r}; there is {', '.join(present)}")
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
        DatasetNotFound: several came at once.
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
            raise DatasetNotFound(
                f"{version[:12]}: several datasets came at once; name one, "
                f"as {version[:12]}:FOLDER: {', '.join(fresh or present)}"
            )
        commit = before

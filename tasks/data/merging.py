"""Merging by hand, under the rule that the step `check` keeps: nothing unjudged reaches main."""

from configs.errors import UserError
from envs.episodes.episodes import MANIFEST
from tasks.data.dataset_commits import misnamed
from tasks.data.datasets import Dataset, read_datasets
from tasks.data.verdict import VERDICT
from tasks.store.protocol import MissingRef, VersionStore

MAIN = "main"


def merge(store: VersionStore, source: str, into: str) -> str:
    """Merge a branch, tag or version into a branch; return the new head.

    Raises:
        UserError: into main, and a dataset that main does not hold yet has no passed verdict on
            its very manifest, or its files are not those that the manifest names.
        Conflict: both sides changed a path.
    """
    version = store.resolve(source)  # once: what is judged is what is merged
    if into == MAIN:
        require_passed(store, version, source)
    return store.merge(version, into)


def require_passed(store: VersionStore, version: str, source: str) -> None:
    """Raise UserError unless all that a merge of a version would bring to main has passed its
    checks; `source` is what people call it."""
    try:
        there = store.read(store.resolve(MAIN)).tree
    except MissingRef:
        there = {}
    found = read_datasets(store, version)
    if not found:
        raise UserError(f"{source}: holds no dataset, and main holds nothing else")
    for dataset in found:
        _require_one(dataset, source)
    known = tuple(f"{one.folder}/" if one.folder else "" for one in found)
    tree = found[0].tree
    strange = sorted(p for p in tree if not p.startswith(known) and there.get(p) != tree[p])
    if strange:
        raise UserError(
            f"{source}: {strange[0]} is part of no checked dataset; main takes no other"
        )


def _require_one(dataset: Dataset, source: str) -> None:
    where = f"{source}: dataset {dataset.folder or '(top)'}"
    refused = {
        "none yet": "has no verdict; run `dexgen check`",
        "of another manifest": "has a verdict on another manifest; run `dexgen check`",
        "failed": f"failed its checks; `dexgen data show {source}` says why",
    }
    if dataset.word in refused:
        raise UserError(f"{where} {refused[dataset.word]}")
    files, manifest = dataset.files, dataset.manifest
    wrong = misnamed(files, manifest)
    if wrong is not None:
        raise UserError(f"{where}: {wrong} is not the file that the manifest names")
    named = {*(run.name for run in manifest.runs), *manifest.shards}
    for name in sorted(files.keys() - named - {MANIFEST, VERDICT}):
        raise UserError(f"{where}: {name} is not in the manifest; main takes no other file")

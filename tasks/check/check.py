"""Step `check`: rollouts become one dataset, which reaches `main` only if it is sound.

The runs and shards are listed on a branch of the run, by hash and not by copy. Expectations that
follow from the layout are held against the statistics of all rows and a sample of rows, and the
statistics against those of the version before. A dataset that passes is merged into `main` and
tagged; one that fails stays on its branch.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from configs.errors import UserError
from configs.layout import Layout
from configs.load import validate
from configs.refs import Ref
from configs.schema.check import Check, CheckStep
from envs.episodes.episodes import MANIFEST, EpisodesError, Manifest, merge_manifests
from envs.episodes.runs import REMEDY
from tasks.check.checked_table import drop_share
from tasks.check.examination import describe, examine
from tasks.check.previous import NAME_DIGITS, earlier_dataset, read_earlier, run_folder
from tasks.data.dataset_commits import misnamed, open_runs, part, shard_opener
from tasks.data.verdict import VERDICT, Verdict
from tasks.running.context import Context
from tasks.store.protocol import VersionStore

MAIN = "main"


def check(config: CheckStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Merge the rollouts into one dataset, check it, and put it on `main`.

    The reference returned is to the dataset's folder: manifest, runs, shards, verdict. Of the
    shards only those are opened, and verified, that hold sampled rows or what is wrong.

    Raises:
        UserError: an expectation does not hold; main is untouched, the branch is kept.
        Corrupt: a file has changed. LayoutMismatch: rollouts of another layout.
        EpisodesError: rollouts that do not fit together.
    """
    layout, store = config.embodiment.make_layout(), context.store
    inputs = [(ref, open_true(store, ref, layout)) for ref in refs.values()]
    manifest = merge_manifests(own for _, own in inputs)
    run = run_folder(context.identity)
    again = run in store.branches()
    earlier = None
    if config.check.previous is not None:
        earlier = earlier_dataset(store, MAIN, manifest, context.identity, again)
    dataset = assemble(manifest, inputs, run, context)
    open_arrays = shard_opener(store, dataset, layout)
    verdict = examine(manifest, earlier, open_arrays, layout, config)
    version = save_verdict(verdict, run, context)
    record(manifest, layout, config, context)
    if not verdict.passed:
        raise UserError(f"{describe(verdict.failures)}; main is untouched, branch {run} keeps it")
    store.merge(version, MAIN)
    store.tag(f"datasets/{context.identity[:NAME_DIGITS]}", version)
    return Ref(dataset.store, version, dataset.path)


def open_true(store: VersionStore, ref: Ref, layout: Layout) -> Manifest:
    """Return the manifest of rollouts whose files are those that it names, by their hashes.

    Raises:
        EpisodesError: one is another file, or missing: it changed before it came to the store.
    """
    manifest, start = open_runs(store, ref, layout), f"{ref.path}/" if ref.path else ""
    tree = store.read(ref.version).tree
    files = {path.removeprefix(start): blob for path, blob in tree.items()}
    wrong = misnamed(files, manifest)
    if wrong is not None:
        where = f"{ref.version[:12]}: {start}{wrong}"
        raise EpisodesError(f"{where} is not the file that the manifest names; {REMEDY}")
    return manifest


def assemble(
    manifest: Manifest, inputs: Sequence[tuple[Ref, Manifest]], run: str, context: Context
) -> Ref:
    """Commit the merged dataset on the run's branch, below a folder of the same name."""
    store = context.store
    if run not in store.branches():
        store.branch(run, None)
    for ref, own in inputs:
        for name in (*(held.name for held in own.runs), *own.shards):
            store.copy(run, f"{run}/{name}", part(ref, name))
    store.put(run, f"{run}/{MANIFEST}", manifest.write(context.scratch))
    metadata = {"identity": context.identity, "manifest": manifest.hash(), **context.origin}
    parents = tuple(dict.fromkeys(ref.version for ref, _ in inputs))
    version = store.commit(run, f"dataset of {len(inputs)} rollouts", metadata, parents)
    return Ref(store.name, version, run)


def record(manifest: Manifest, layout: Layout, config: CheckStep, context: Context) -> None:
    """Note the dataset's size and shares as metrics."""
    context.record("rows", manifest.rows)
    context.record("episodes", manifest.episodes)
    context.record("drop_share", drop_share(manifest))
    for label, names in config.known(layout.modes).items():
        for index, name in enumerate(names):
            rows = manifest.rows_by.get(label, {}).get(str(index), 0)
            context.record(f"rows/{label}/{name}", rows)


def save_verdict(verdict: Verdict, run: str, context: Context) -> str:
    """Commit the verdict on top of the dataset that it judges."""
    store = context.store
    store.put(run, f"{run}/{VERDICT}", verdict.write(context.scratch))
    word = "passed" if verdict.passed else "failed"
    about = {"identity": context.identity, "manifest": verdict.manifest, "verdict": word}
    return store.commit(run, f"checks {word}", {**about, **context.origin})


def write_docs(config: CheckStep, store: VersionStore, ref: Ref, folder: Path) -> Path:
    """Judge a checked dataset once more and write Great Expectations' Data Docs into a folder.

    Limits and the version before are those of its verdict; names and seed are the configuration's.
    Returns the first page.

    Raises:
        MissingRef: it has no verdict. EpisodesError, LayoutMismatch, Corrupt: as `check`.
    """
    layout = config.embodiment.make_layout()
    manifest = open_runs(store, ref, layout)
    held = json.loads(store.open(part(ref, VERDICT)).read_text())
    earlier = None
    if held["previous"] is not None:
        identity = store.read(held["previous"]).metadata["identity"]
        before = Ref(store.name, held["previous"], run_folder(identity))
        earlier = read_earlier(store, before, layout)
    judged = replace(config, check=validate(Check, held["check"], VERDICT))
    examine(manifest, earlier, shard_opener(store, ref, layout), layout, judged, folder)
    return folder / "index.html"

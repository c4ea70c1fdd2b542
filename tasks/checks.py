"""Step `check`: rollouts become one dataset, which reaches `main` only if it is sound.

The shards are listed on a branch of the run, by hash and not by copy. Expectations that follow
from the layout are held against the statistics of all rows and a sample of rows. A dataset
that passes is merged into `main` and tagged; one that fails stays on its branch.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from configs.layout import Layout
from configs.load import plain
from configs.refs import Ref
from configs.schema.check import Check, CheckStep
from envs.episodes import MANIFEST, Manifest, merge_manifests, open_shard, read_manifest
from tasks.context import Context
from tasks.data_docs import Finding, judge
from tasks.expectations import Column, column_values, expected_columns, violating_rows
from tasks.tables import drop_share, sample_table, short_name, statistics_table, summary_table
from tasks.verdict import VERDICT, Failure, Verdict

MAIN = "main"
DOCS = "docs"
NAME_DIGITS = 12  # of the identity, in the names of branch and tag
NAMED_ROWS = 5  # rows named in an error
KEPT_ROWS = 100  # rows named in the verdict


class CheckFailed(ValueError):
    """A dataset that does not satisfy what is expected; names column, shard and rows."""


def check(config: CheckStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Merge the rollouts into one dataset, check it, and put it on `main`.

    The reference returned is to the dataset's folder: manifest, shards, verdict, docs.

    Raises:
        CheckFailed: an expectation does not hold; main is untouched, the branch is kept.
        Corrupt: a shard has changed. LayoutMismatch: rollouts of another layout.
        EpisodesError: rollouts that do not fit together.
    """
    layout = config.embodiment.make_layout()
    inputs = [(ref, read_manifest(context.open(ref), layout)) for ref in refs.values()]
    manifest = merge_manifests(part for _, part in inputs)
    run = f"runs/{context.identity[:NAME_DIGITS]}"
    dataset = assemble(manifest, inputs, run, context)
    folder = context.open(dataset)
    verdict = examine(folder, manifest, layout, config, context.scratch)
    version = save_verdict(verdict, run, context)
    context.record("rows", manifest.rows)
    context.record("episodes", manifest.episodes)
    context.record("drop_share", drop_share(manifest))
    if not verdict.passed:
        raise CheckFailed(f"{describe(verdict.failures)}; main is untouched, branch {run} keeps it")
    context.store.merge(version, MAIN)
    context.store.tag(f"datasets/{context.identity[:NAME_DIGITS]}", version)
    return Ref(dataset.store, version, dataset.path)


def assemble(
    manifest: Manifest, inputs: Sequence[tuple[Ref, Manifest]], run: str, context: Context
) -> Ref:
    """Commit the merged dataset on the run's branch, below a folder of the same name."""
    store = context.store
    if run not in store.branches():
        store.branch(run, None)
    for ref, part in inputs:
        for shard in part.shards:
            store.copy(run, f"{run}/{shard}", Ref(ref.store, ref.version, _join(ref.path, shard)))
    store.put(run, f"{run}/{MANIFEST}", manifest.write(context.scratch))
    metadata = {"identity": context.identity, "manifest": manifest.hash(), **context.origin}
    parents = tuple(dict.fromkeys(ref.version for ref, _ in inputs))
    version = store.commit(run, f"dataset of {len(inputs)} rollouts", metadata, parents)
    return Ref(store.name, version, run)


def examine(
    folder: Path, manifest: Manifest, layout: Layout, config: CheckStep, scratch: Path
) -> Verdict:
    """Hold the dataset against what is expected of it; write Data Docs into `scratch`/docs."""
    margins, settings = config.check.margins, config.check
    columns = expected_columns(layout, margins, manifest.fields)
    rng = np.random.default_rng(config.seed)
    sample = sample_table(folder, manifest, columns, layout, settings.sample_rows, rng)
    findings = judge(
        summary_table(manifest),
        statistics_table(manifest, columns),
        sample,
        columns,
        settings,
        scratch / DOCS,
    )
    by_name = {column.name: column for column in columns}
    failures = {
        (finding.column, finding.shard): locate(
            finding, by_name, manifest, settings, folder, layout
        )
        for finding in findings
    }
    return Verdict(
        passed=not failures,
        manifest=manifest.hash(),
        layout=manifest.layout,
        rows=manifest.rows,
        episodes=manifest.episodes,
        dropped=manifest.dropped,
        check=plain(settings),
        failures=tuple(failures.values()),
    )


def locate(
    finding: Finding,
    columns: Mapping[str, Column],
    manifest: Manifest,
    settings: Check,
    folder: Path,
    layout: Layout,
) -> Failure:
    """Find the rows behind a finding by looking at every row of the shard."""
    if finding.shard is None:
        return _of_dataset(finding.column, manifest, settings)
    column = columns[finding.column]
    values = column_values(column, open_shard(folder / finding.shard, layout), layout)
    rows = violating_rows(column, values)
    allowed = f"allowed {column.lower:g} to {column.upper:g}"
    reason = (
        f"value {values[rows[0]]:g}, {allowed}" if len(rows) else f"statistics beyond {allowed}"
    )
    return Failure(
        column=column.name,
        shard=finding.shard,
        count=len(rows),
        rows=tuple(int(row) for row in rows[:KEPT_ROWS]),
        reason=reason,
    )


def save_verdict(verdict: Verdict, run: str, context: Context) -> str:
    """Commit verdict and Data Docs on top of the dataset that they judge."""
    store = context.store
    store.put(run, f"{run}/{VERDICT}", verdict.write(context.scratch))
    for page in sorted((context.scratch / DOCS).rglob("*")):
        if page.is_file():
            path = page.relative_to(context.scratch).as_posix()
            store.put(run, f"{run}/{path}", page)
    word = "passed" if verdict.passed else "failed"
    metadata: dict[str, Any] = {
        "identity": context.identity,
        "manifest": verdict.manifest,
        "verdict": word,
        **context.origin,
    }
    version = store.commit(run, f"checks {word}", metadata)
    shutil.rmtree(context.scratch / DOCS)
    return version


def describe(failures: Sequence[Failure]) -> str:
    """Say the first failure in full and how many there are, in one line."""
    first = failures[0]
    text = f"{first.column}: {first.reason}"
    if first.shard is not None:
        named = ", ".join(str(row) for row in first.rows[:NAMED_ROWS])
        more = f" and {first.count - NAMED_ROWS} more" if first.count > NAMED_ROWS else ""
        text = (
            f"{first.column}, shard {short_name(first.shard)}, rows {named}{more}: {first.reason}"
        )
    others = f"; and {len(failures) - 1} more failures" if len(failures) > 1 else ""
    return text + others


def _of_dataset(column: str, manifest: Manifest, settings: Check) -> Failure:
    dropped, episodes = manifest.drops_of_all
    drops = (
        f"{dropped} of {episodes} episodes end in a drop, "
        f"check.max_drop_share allows {settings.max_drop_share:g}"
    )
    reasons = {
        "rows": f"{manifest.rows} rows, check.min_rows asks for {settings.min_rows}",
        "drop_share": drops,
    }
    return Failure(column, None, manifest.rows, (), reasons[column])


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name

"""Hold a dataset against what is expected of it, and say where exactly it is not so."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from configs.layout import Layout
from configs.load import plain
from configs.schema.check import CheckStep
from envs.episodes.episodes import EpisodesError, Manifest
from envs.episodes.runs import REMEDY
from tasks.check.checked_table import Sample, checked_rows, sampled_rows
from tasks.check.coverage import Coverage, cover, losses
from tasks.check.data_docs import judge
from tasks.check.expectations import (
    QUATERNION,
    Column,
    Finding,
    column_values,
    expected_columns,
    violating_rows,
)
from tasks.check.previous import Earlier, changes
from tasks.data.dataset_commits import Arrays
from tasks.data.verdict import Failure, Verdict

KEPT_ROWS = 100  # rows named in the verdict
KEPT_SHARDS = 3  # shards of a column that are opened to find its rows: each is verified first


def examine(
    manifest: Manifest,
    earlier: Earlier | None,
    open_arrays: Callable[[str], Arrays],
    layout: Layout,
    config: CheckStep,
    docs: Path | None = None,
) -> Verdict:
    """Hold a dataset against what is expected of it.

    `open_arrays` returns a shard's arrays, given its path in the dataset; `docs` is a folder for
    Data Docs, if they are wanted.

    Raises:
        EpisodesError: a run without statistics of a column, of an earlier version.
    """
    settings, known = config.check, config.known(layout.modes)
    columns = expected_columns(layout, settings.margins, manifest.fields, known)
    require_measured(manifest, columns)
    sample = Sample(settings.sample_rows, settings.sample_shards)
    rng = np.random.default_rng(config.seed)
    facts = list(checked_rows(manifest, columns, known, settings))
    covered = cover(manifest, open_arrays, config)
    before: Coverage = {}
    if settings.previous is not None and earlier is not None and manifest.rows:
        facts += changes(manifest, earlier, columns, layout, settings.previous)
        before = earlier.coverage
    facts += losses(covered, before, settings.previous.min_covered if settings.previous else 0.0)
    parts = [pd.DataFrame(facts, columns=Finding._fields).dropna()]
    parts += sampled_rows(manifest, open_arrays, columns, layout, sample, rng)
    findings = judge(pd.concat(parts, ignore_index=True), docs)
    failures = find_failures(findings, manifest, columns, partial(locate, open_arrays, layout))
    return Verdict(
        passed=not failures,
        manifest=manifest.hash(),
        layout=manifest.layout,
        rows=manifest.rows,
        episodes=manifest.episodes,
        dropped=manifest.dropped,
        check=plain(settings),
        failures=failures,
        previous=None if earlier is None else earlier.version,
        coverage=covered,
        coverage_before=before,
    )


def require_measured(manifest: Manifest, columns: Sequence[Column]) -> None:
    """Refuse runs whose writer did not measure a column: nobody knows that it is as expected."""
    for run in manifest.runs:
        for column in columns:
            if column.field not in run.table.columns:
                raise EpisodesError(
                    f"{run.name}: no statistics of {column.name}: an earlier version wrote it; "
                    f"{REMEDY}"
                )


def find_failures(
    findings: Sequence[Finding],
    manifest: Manifest,
    columns: Sequence[Column],
    look: Callable[[Column, str, int], Failure],
) -> tuple[Failure, ...]:
    """Return where each finding is; columns with shards and rows come first.

    A finding of the statistics is looked up in the arrays of the runs, then in its first shards.
    `look` finds the rows of a column in a shard, given in how many shards there are some.
    """
    named = {column.name: column for column in columns}
    beyond = dict.fromkeys(one.column for one in findings if one.table == "statistics")
    shards = violating_shards(manifest, [named[name] for name in beyond])
    found: dict[tuple[str, str], Failure] = {}
    for column, names in shards.items():
        for name in names[:KEPT_SHARDS]:
            found[column, name] = look(named[column], name, len(names))
    for one in findings:
        if one.table == "sample" and (one.column, one.shard) not in found:
            found[one.column, one.shard] = look(named[one.column], one.shard, 1)
    found = without_echoes(found)
    for one in findings:
        if one.reason:
            whole = Failure(one.column, None, manifest.rows, (), one.reason)
            found.setdefault((one.column, one.table), whole)
    return tuple(found.values())


def violating_shards(manifest: Manifest, columns: Sequence[Column]) -> dict[str, list[str]]:
    """Return the shards in which a column is out of its range or not finite, by column, sorted.

    Looks at the arrays of the runs, never at shards: 40,000 of them are a few blocks of numbers.
    """
    found: dict[str, list[str]] = {column.name: [] for column in columns}
    lower = np.array([column.lower for column in columns])
    upper = np.array([column.upper for column in columns])
    for table in (run.table for run in manifest.runs):
        own = [table.columns[column.field].start + column.index for column in columns]
        minimum, maximum, non_finite = (
            table.arrays[name][:, own] for name in ("minimum", "maximum", "non_finite")
        )
        bad = (minimum < lower) | (maximum > upper) | (non_finite > 0)
        for column, rows in zip(columns, bad.T, strict=True):
            found[column.name] += [table.names[row] for row in np.flatnonzero(rows)]
    return {name: sorted(shards) for name, shards in found.items()}


def without_echoes(
    found: Mapping[tuple[str, str], Failure],
) -> dict[tuple[str, str], Failure]:
    """Leave out numbers of a quaternion that are too large where its norm says so of these rows."""

    def echoes(failure: Failure) -> bool:
        pose, _, part = failure.column.partition(".")
        norm = found.get((f"{pose}.norm", str(failure.shard)))
        if part not in QUATERNION or norm is None or norm.count > len(norm.rows):
            return False
        return bool(failure.rows) and set(failure.rows) <= set(norm.rows)

    return {key: failure for key, failure in found.items() if not echoes(failure)}


def locate(
    open_arrays: Callable[[str], Arrays], layout: Layout, column: Column, shard: str, shards: int
) -> Failure:
    """Find the rows in which a column is not as expected, by looking at every row of a shard."""
    values = column_values(column, open_arrays(shard), layout)
    rows = violating_rows(column, values)
    allowed = f"allowed {column.lower:g} to {column.upper:g}"
    reason = (
        f"value {values[rows[0]]:g}, {allowed}" if len(rows) else f"statistics beyond {allowed}"
    )
    return Failure(
        column=column.name,
        shard=shard,
        count=len(rows),
        rows=tuple(int(row) for row in rows[:KEPT_ROWS]),
        reason=reason,
        shards=shards,
    )


def describe(failures: Sequence[Failure]) -> str:
    """Say the first failure in full and how many there are, in one line."""
    more = len(failures) - 1
    others = f"; and {more} more failure{'s' if more > 1 else ''}" if more else ""
    return failures[0].sentence + others

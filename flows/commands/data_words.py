"""What `dexgen data` prints of histories, versions, differences and damage."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flows.commands.terminal import count_of, minute, short, size, table
from tasks.data.datasets import Dataset
from tasks.data.difference import (
    Columns,
    Names,
    Shift,
    columns_of,
    compare_rows,
    compare_statistics,
)
from tasks.data.gc import Collected
from tasks.data.history import SINGLE, Line
from tasks.data.verdict import VERDICT
from tasks.store.protocol import Commit
from tasks.store.verify import Verified

if TYPE_CHECKING:
    from tasks.store.lakefs.push import Pushed  # which needs the lakeFS SDK

SHOWN_FAILURES = 10  # of a verdict
SHOWN_ALONE = 4  # columns of one dataset alone
SHOWN_COLUMNS = 20  # of a difference, unless all are asked for
WHOLE_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


def log_lines(lines: Sequence[Line]) -> str:
    rows = []
    for line in lines:
        names = f"  [{', '.join(line.names)}]" if line.names else ""
        message = WHOLE_ID.sub(r"\1", line.message)
        row = (short(line.version), minute(line.time_utc), line.what, f"{message}{names}")
        rows.append(row)
    return table(rows)


def reference_lines(found: Mapping[str, str], tags: set[str], whole: bool) -> str:
    hidden = [] if whole else [name for name in found if name.startswith(SINGLE)]
    rows = [
        ("tag" if name in tags else "branch", name, short(version))
        for name, version in sorted(found.items(), key=lambda one: (one[0] in tags, one[0]))
        if name not in hidden
    ]
    text = table(rows) if rows else "no branches or tags yet"
    if hidden:
        text += f"\nand {len(hidden):,} of single steps (--all)"
    return text


def version_lines(commit: Commit, datasets: Sequence[Dataset], names: Mapping[str, str]) -> str:
    """Describe a version, and each dataset that it holds."""
    at = [name for name, version in names.items() if version == commit.id]
    held = sum({blob.sha256: blob.size for blob in commit.tree.values()}.values())
    rows = [
        ("version", commit.id),
        ("message", commit.message),
        ("names", ", ".join(at) or "-"),
        ("made by", str(commit.metadata.get("label") or commit.metadata.get("step") or "")),
        ("parents", ", ".join(short(parent) for parent in commit.parents) or "-"),
        ("files", f"{len(commit.tree):,}, {size(held)}"),
    ]
    parts = [table(filled(rows)), *(dataset_lines(dataset) for dataset in datasets)]
    if not datasets:
        files = [(f"  {path}", size(blob.size)) for path, blob in commit.tree.items()]
        shown = files[:SHOWN_COLUMNS]
        more = f"\n  and {len(files) - len(shown):,} more" if len(files) > len(shown) else ""
        parts.append("no dataset in it; its files:\n" + table(shown, right=(1,)) + more)
    return "\n\n".join(parts)


def dataset_lines(dataset: Dataset) -> str:
    manifest = dataset.manifest
    drops, episodes = manifest.drops_of_all
    share = f"{drops:,} of {episodes:,} rolled out, {drops / max(episodes, 1):.1%}"
    marked = "drop" in manifest.fields
    held = sum(shard.bytes for shard in manifest.shards.values())
    counts = ", ".join(f"{name} {value:,}" for name, value in sorted(manifest.counts.items()))
    rows = [
        ("rows", f"{manifest.rows:,}"),
        ("episodes", f"{manifest.episodes:,}"),
        ("with a drop", f"{manifest.dropped:,} of these" if marked else "not marked"),
        ("drops", share if manifest.counts else ""),
        ("counted", counts),
        ("source", manifest.source),
        ("fields", ", ".join(manifest.fields)),
        ("shards", f"{len(manifest.shards):,}, {size(held)}"),
        ("layout", short(manifest.layout)),
        ("manifest", short(manifest.hash())),
        ("verdict", dataset.word),
    ]
    title = f"dataset {dataset.folder}" if dataset.folder else "dataset"
    lines = [title, table([(f"  {name}", value) for name, value in filled(rows)])]
    failures = dataset.verdict.failures if dataset.verdict is not None else ()
    lines += [f"  FAILED {failure.sentence}" for failure in failures[:SHOWN_FAILURES]]
    if len(failures) > SHOWN_FAILURES:
        lines.append(f"  and {len(failures) - SHOWN_FAILURES:,} more failures, in its {VERDICT}")
    return "\n".join(lines)


def filled(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in rows if value]


def difference_lines(a: Dataset, b: Dataset, names_a: Names, names_b: Names, *, whole: bool) -> str:
    """Describe what changed from A to B, by rows and by statistics."""
    parts = [table([("A", *_named(a)), ("B", *_named(b))])]
    for what in ("layout", "source"):
        mine, other = getattr(a.manifest, what), getattr(b.manifest, what)
        if mine != other:
            parts.append(f"{what} differs: A {short(mine)}, B {short(other)}")
    if a.manifest.fields != b.manifest.fields:
        mine, other = a.manifest.fields, b.manifest.fields
        only = [_only(mine, other), _only(other, mine)]
        parts.append(f"fields differ: only in A {only[0]}, only in B {only[1]}")
    head = ("", "shards", "episodes", "drops", "rows", "bytes")
    rows = [
        (
            name,
            *(f"{count:,}" for count in (part.shards, part.episodes, part.dropped, part.rows)),
            size(part.bytes),
        )
        for name, part in compare_rows(a.manifest, b.manifest).items()
    ]
    parts.append(table(rows, head, right=range(1, 6)))
    columns = columns_of(a.manifest, names_a), columns_of(b.manifest, names_b)
    parts.append(statistics_lines(*columns, whole))
    return "\n\n".join(parts)


def statistics_lines(a: Columns, b: Columns, whole: bool) -> str:
    shifts, both = compare_statistics(a, b), len(a.keys() & b.keys())
    alone = "".join(
        f"\n{len(only)} columns only in {name}: {', '.join(only[:SHOWN_ALONE])}"
        f"{', ...' if len(only) > SHOWN_ALONE else ''}"
        for name, mine, other in (("A", a, b), ("B", b, a))
        if (only := [column for column in mine if column not in other])
    )
    if not shifts:
        return f"statistics: equal in all {both} columns{alone}"
    shown = shifts if whole else shifts[:SHOWN_COLUMNS]
    head = ("column", "shift", "mean A", "mean B", "std A", "std B", "range A", "range B")
    rows = [_row(shift) for shift in shown]
    more = f"\nand {len(shifts) - len(shown)} more (--all)" if len(shifts) > len(shown) else ""
    title = (
        f"statistics: {len(shifts)} of {both} columns differ; shift is the mean's, in standard "
        f"deviations of A{alone}"
    )
    return f"{title}\n{table(rows, head, right=range(1, 8))}{more}"


def damage_lines(found: Verified, set_aside: bool = False) -> str:
    """Say what `verify` looked at, everything that it found, and what mends it."""
    looked = ", ".join(
        (
            count_of(found.names, "name"),
            count_of(found.entries, "index entry"),
            count_of(found.commits, "version"),
            f"{count_of(found.objects, 'object')} ({size(found.bytes)})",
        )
    )
    if not found.damage:
        return f"sound: {looked}"
    lines = []
    for one in found.damage:
        also = f" and {count_of(one.also, 'other file')}" if one.also else ""
        needed = f"; needed by {one.needed_by}{also}" if one.needed_by else ""
        lines.append(f"DAMAGED {one.what} {one.reason}{needed}")
    lines.append(f"looked at {looked}")
    lines.append(f"{count_of(len(found.damage), 'thing')} damaged or missing")
    if set_aside:
        lines.append("set aside: the command that ran a step makes anew what is missing of it")
    else:
        lines.append(
            "`dexgen data verify --set-aside`, and then the command that ran a step makes anew "
            "what it made; put the rest back from a copy"
        )
    return "\n".join(lines)


def garbage_lines(found: Collected, dry_run: bool) -> str:
    """Say what `gc` removed, or would."""
    verb = "would free" if dry_run else "freed"
    if not found.files:
        return "nothing to remove"
    rows = [(kind, f"{count:,}", size(found.bytes[kind])) for kind, count in found.files.items()]
    lines = [table(rows, ("kind", "number", "bytes"), right=(1, 2))]
    if found.held:
        lines.append(f"{count_of(len(found.held), 'step')} at work: left alone")
    lines.append(f"{verb} {size(found.freed)}")
    return "\n".join(lines)


def pushed_lines(found: "Pushed") -> str:
    """Say what `push` sent and what was there."""
    lines = [
        f"sent {count_of(found.sent, 'version')} ({size(found.bytes)}), "
        f"{found.there:,} were there; "
        f"{count_of(found.names, 'name')} moved, {count_of(found.entries, 'result')} indexed"
    ]
    why = "it went on there in another way (docs/lakefs.md)"
    lines += [f"left {name}: {why}" for name in found.kept]
    return "\n".join(lines)


def _row(shift: Shift) -> tuple[str, ...]:
    ends = zip(shift.minimum, shift.maximum, strict=True)
    figures = [f"{value:.5g}" for value in (*shift.mean, *shift.std)]
    ranges = [f"{low:.4g}..{high:.4g}" for low, high in ends]
    return shift.column, shift_word(shift), *figures, *ranges


def shift_word(shift: Shift) -> str:
    """Return how far a column moved; without a spread or a value there is no measure of it."""
    if math.isfinite(shift.size):
        return f"{shift.size:.3f}"
    return "no value" if any(math.isnan(mean) for mean in shift.mean) else "constant"


def _named(dataset: Dataset) -> tuple[str, str, str]:
    manifest = dataset.manifest
    return short(dataset.version), dataset.folder, f"{manifest.rows:,} rows"


def _only(mine: Sequence[str], other: Sequence[str]) -> str:
    return ", ".join(name for name in mine if name not in other) or "none"

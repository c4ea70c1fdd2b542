"""The version before: the newest dataset on a branch that a new one can be compared with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from configs.layout import Layout
from configs.refs import Ref
from configs.schema.check import Previous
from envs.episodes.episodes import EpisodesError, Manifest
from tasks.check.coverage import Coverage
from tasks.check.expectations import Column, Finding
from tasks.data.dataset_commits import open_manifest, part
from tasks.data.verdict import VERDICT, Verdict
from tasks.store.protocol import Commit, Corrupt, MissingRef, VersionStore

NAME_DIGITS = 12  # of a check's identity, in the names of branch and tag
LABEL_UNITS = ("id", "index")  # names of things: how far apart two of them are means nothing


@dataclass(frozen=True, eq=False)
class Earlier:
    """A dataset that passed its checks."""

    version: str
    manifest: Manifest
    coverage: Coverage = field(default_factory=dict)


def run_folder(identity: str) -> str:
    """Return the branch of a check's run, which is also the dataset's folder in its versions."""
    return f"runs/{identity[:NAME_DIGITS]}"


def earlier_dataset(
    store: VersionStore, branch: str, manifest: Manifest, identity: str, again: bool
) -> Earlier | None:
    """Return the newest dataset on a branch with this layout, source and these fields.

    `identity` is the check's own. When it runs `again` (killed, or its index lost) its dataset may
    be on the branch already; then what counts is what was there before it. A version that can no
    longer be read is passed over.
    """
    try:
        found = checked(store, store.resolve(branch))
    except MissingRef:
        return None
    if again:
        every = list(found)
        own = [i for i, commit in enumerate(every) if commit.metadata["identity"] == identity]
        found = iter(every[own[0] + 1 :] if own else every)
    for commit in found:
        ref = Ref(store.name, commit.id, run_folder(commit.metadata["identity"]))
        try:
            earlier = read_earlier(store, ref)
        except (EpisodesError, Corrupt, MissingRef):
            continue
        if all(
            getattr(earlier.manifest, what) == getattr(manifest, what)
            for what in ("layout", "source", "fields")
        ):
            return earlier
    return None


def read_earlier(store: VersionStore, ref: Ref, layout: Layout | None = None) -> Earlier:
    """Return the checked dataset at a reference, with what its verdict says that it covers.

    Raises:
        MissingRef, Corrupt, EpisodesError, LayoutMismatch: as `open_manifest`.
    """
    manifest = open_manifest(store, ref, layout)
    verdict = Verdict.read(store.open(part(ref, VERDICT)))
    return Earlier(ref.version, manifest, verdict.coverage)


def checked(store: VersionStore, version: str) -> Iterator[Commit]:
    """Yield the checked datasets in a branch's history, newest first.

    What came in by a merge is its last parent, so that is looked at before the branch's own past.
    """
    waiting, seen = [version], set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        commit = store.read(current)
        if commit.metadata.get("verdict") == "passed" and "identity" in commit.metadata:
            yield commit
        else:
            waiting += commit.parents


def changes(
    manifest: Manifest,
    earlier: Earlier,
    columns: Sequence[Column],
    layout: Layout,
    limits: Previous,
) -> Iterator[Finding]:
    """Yield how far mean and standard deviation of every column that measures something are from
    those of the version before, in its standard deviations and as a ratio, the larger first."""
    now, before = manifest.statistics(), earlier.manifest.statistics()
    since = f"in the version before {earlier.version[:12]}"
    for column in columns:
        label = column.field in layout.fields and layout.fields[column.field].unit in LABEL_UNITS
        if label or column.field not in before:  # a derived column that was not measured then
            continue
        (mean, std), (old_mean, old_std) = (
            (float(row.mean[column.index]), float(row.std[column.index]))
            for row in (now[column.field], before[column.field])
        )
        span = column.upper - column.lower
        least = limits.floor * span if np.isfinite(span) else 0.0
        small, unit = max(std, least), max(old_std, least)
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = float(np.divide(mean - old_mean, unit)) if mean != old_mean else 0.0
            ratio = float(np.divide(max(small, unit), min(small, unit))) if small != unit else 1.0
        said = (
            f"mean {mean:g}, {old_mean:g} {since}: {abs(shift):.3g} of its standard deviations, "
            f"check.previous.max_shift allows {limits.max_shift:g}"
        )
        top = limits.max_shift
        yield Finding("previous", column.name, "shift", shift, -top, top, said)
        said = (
            f"standard deviation {std:g}, {old_std:g} {since}: a factor of {ratio:.3g}, "
            f"check.previous.max_ratio allows {limits.max_ratio:g}"
        )
        yield Finding("previous", column.name, "ratio", ratio, 1.0, limits.max_ratio, said)

"""The manifest of a dataset, in two levels: it lists runs, and each run's file lists its shards.

    folder/manifest.json               runs, fields, counts, statistics over all rows
    folder/runs/<sha256>.safetensors   a run's shards and their statistics (envs/episodes/runs.py)
    folder/shards/<sha256>.safetensors the rows

So what a dataset is can be read without looking at its shards, of which there may be 40,000. The
manifest's bytes are equal for equal content and name every run by its hash, and a run names every
shard by its hash: the manifest's own hash names a dataset, and a verdict of the checks binds to it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from configs.files import write
from configs.layout import Layout
from envs.episodes.array_files import EpisodesError
from envs.episodes.runs import FORMAT, NAME, SUMS, Run, RunTable, Shard, add_counts
from envs.episodes.statistics import Statistics, from_json, pool, to_json

MANIFEST = "manifest.json"


class Shards(Mapping[str, Shard]):
    """The shards of all runs by path in the folder, sorted; a run's file is read at first use."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._tables: list[RunTable] = [run.table for run in runs]
        places = {
            name: (number, index)
            for number, table in enumerate(self._tables)
            for index, name in enumerate(table.names)
        }
        self._places = dict(sorted(places.items()))

    def __getitem__(self, name: str) -> Shard:
        number, index = self._places[name]
        return self._tables[number].shard(index)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@dataclass(frozen=True, eq=False)
class Manifest:
    """The content of a dataset; compare by `hash`.

    `kept_nothing` is what writers counted that closed without an episode: they leave no run.
    """

    layout: str  # fingerprint
    source: str  # simulation or robot
    fields: tuple[str, ...]  # of the layout, in its order
    runs: tuple[Run, ...]  # sorted by name
    kept_nothing: Mapping[str, int]
    pooled: Mapping[str, Statistics]  # over all rows, by field; empty without rows

    @property
    def rows(self) -> int:
        return sum(run.rows for run in self.runs)

    @property
    def episodes(self) -> int:
        return sum(run.episodes for run in self.runs)

    @property
    def dropped(self) -> int:
        return sum(run.dropped for run in self.runs)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return what the writers counted beside rows and episodes, e.g. `too_short`."""
        return add_counts([self.kept_nothing, *(run.counts for run in self.runs)])

    @cached_property
    def rows_by(self) -> dict[str, dict[str, int]]:
        """Return how many rows carry each value of `object`, `style` and `mode`."""
        labels = sorted({label for run in self.runs for label in run.rows_by})
        return {
            label: add_counts([run.rows_by.get(label, {}) for run in self.runs]) for label in labels
        }

    @cached_property
    def shards(self) -> Mapping[str, Shard]:
        """Return the shards by path in the folder, sorted; reads the files of the runs.

        Raises:
            EpisodesError: a run's file is missing, changed, or says other than the manifest.
        """
        return Shards(self.runs)

    @property
    def drops_of_all(self) -> tuple[int, int]:
        """(drops, episodes) of everything that was rolled out, where its writers counted that.

        A quick drop leaves too little to keep, so among the episodes kept drops are rarer. Where
        nothing was counted (a robot's episodes) these are the episodes kept.
        """
        if {"drops", "episodes"} <= self.counts.keys():
            return self.counts["drops"], self.counts["episodes"]
        return self.dropped, self.episodes

    def statistics(self) -> dict[str, Statistics]:
        """Return the statistics of every field over all rows."""
        return dict(self.pooled)

    def to_bytes(self) -> bytes:
        """Return the manifest file's bytes, equal for equal content."""
        content = {
            "format": FORMAT,
            "layout": self.layout,
            "source": self.source,
            "fields": list(self.fields),
            "runs": {run.name: run.facts() for run in self.runs},
            "kept_nothing": dict(self.kept_nothing),
            "statistics": {name: to_json(value) for name, value in self.pooled.items()},
            # what a reader wants to see first; it follows from the runs
            **{name: sum(getattr(run, name) for run in self.runs) for name in (*SUMS, "shards")},
            "counts": self.counts,
            "rows_by": self.rows_by,
        }
        return json.dumps(content, sort_keys=True, indent=1, allow_nan=False).encode()

    def hash(self) -> str:
        """Return the sha256 of the manifest's bytes: it names this very content."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def write(self, folder: Path) -> Path:
        """Write `folder/manifest.json`, whole or not at all; the runs are files of their own."""
        return write(folder / MANIFEST, self.to_bytes())


def make_manifest(
    layout: str,
    source: str,
    fields: tuple[str, ...],
    runs: Iterable[Run],
    kept_nothing: Mapping[str, int],
) -> Manifest:
    """Return the manifest of some runs; pools their statistics, always in the same order."""
    ordered = tuple(sorted(runs, key=lambda run: run.name))
    parts = [run.table.pooled for run in ordered]
    # A run that an earlier version wrote may lack a derived column: of that there is no whole.
    shared = [name for name in parts[0] if all(name in part for part in parts)] if parts else []
    pooled = {name: pool(part[name] for part in parts) for name in shared}
    return Manifest(layout, source, fields, ordered, dict(sorted(kept_nothing.items())), pooled)


def read_manifest(folder: Path, layout: Layout | None = None) -> Manifest:
    """Read `folder/manifest.json`; with a layout, refuse episodes of another.

    The files of the runs are read, and must be there, only when shards are asked for.

    Raises:
        EpisodesError: missing, of another format or not a manifest.
        LayoutMismatch: made for another layout.
    """
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_bytes())
        if values["format"] != FORMAT:
            raise EpisodesError(
                f"{path}: format {values['format']}, this version reads {FORMAT}; make the "
                "episodes again: dexgen run"
            )
        manifest = _from_json(values, folder)
    except FileNotFoundError:
        raise EpisodesError(f"{path}: missing; the episodes were never finished") from None
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise EpisodesError(f"{path}: not a manifest of episodes ({error})") from None
    if layout is not None:
        layout.require(manifest.layout, str(path))
    return manifest


def manifest_files(folder: Path) -> dict[str, Path]:
    """Return the files that make up finished episodes, by path in the folder, to publish them."""
    manifest = read_manifest(folder)
    names = [MANIFEST, *(run.name for run in manifest.runs), *manifest.shards]
    return {name: folder / name for name in names}


def merge_manifests(manifests: Iterable[Manifest]) -> Manifest:
    """Return the manifest of all runs together; counts add up.

    Raises:
        EpisodesError: other layouts, sources or fields, or the same shard twice.
    """
    parts = list(manifests)
    if not parts:
        raise EpisodesError("merge of episodes: nothing to merge")
    first = parts[0]
    seen: set[str] = set()
    for part in parts:
        for what in ("layout", "source", "fields"):
            mine, other = getattr(first, what), getattr(part, what)
            if mine != other:
                raise EpisodesError(f"merge of episodes: {what} {other} does not match {mine}")
        twice = sorted(seen.intersection(part.shards))
        if twice:
            raise EpisodesError(f"merge of episodes: {twice[0]} would be in the dataset twice")
        seen.update(part.shards)
    return make_manifest(
        first.layout,
        first.source,
        first.fields,
        [run for part in parts for run in part.runs],
        add_counts([part.kept_nothing for part in parts]),
    )


def _from_json(values: Mapping[str, Any], folder: Path) -> Manifest:
    for name in values["runs"]:
        if not NAME.fullmatch(name):
            raise KeyError(f"run {name!r}")
    common = {"layout": values["layout"], "source": values["source"]}
    return Manifest(
        **common,
        fields=tuple(values["fields"]),
        runs=tuple(
            Run(name=name, file=folder / name, **common, **facts)
            for name, facts in sorted(values["runs"].items())
        ),
        kept_nothing=values["kept_nothing"],
        pooled={name: from_json(held) for name, held in values["statistics"].items()},
    )

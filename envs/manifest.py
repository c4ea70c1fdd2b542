"""The manifest of a dataset: its shards, what was counted, and statistics of every column.

Its bytes are equal for equal content, so its hash names a dataset: a verdict of the checks
binds to it.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from configs.layout import Layout
from envs.statistics import Statistics, from_json, pool, to_json

FORMAT = 1
MANIFEST = "manifest.json"


class EpisodesError(ValueError):
    """Episodes that cannot be written or read; one line that names file and field."""


@dataclass(frozen=True, eq=False)
class Shard:
    """What the manifest knows about one shard."""

    rows: int
    episodes: int
    dropped: int  # episodes with a row whose `drop` is set
    bytes: int
    statistics: Mapping[str, Statistics]  # by field, derived columns included


@dataclass(frozen=True, eq=False)
class Manifest:
    """The content of a dataset; compare by `hash`.

    `counts` is what its writers counted beside rows and episodes, e.g. `too_short`.
    """

    layout: str  # fingerprint
    source: str  # simulation or robot
    fields: tuple[str, ...]  # of the layout, in its order
    shards: Mapping[str, Shard]  # by path in the folder, sorted
    counts: Mapping[str, int]

    @property
    def rows(self) -> int:
        return sum(shard.rows for shard in self.shards.values())

    @property
    def episodes(self) -> int:
        return sum(shard.episodes for shard in self.shards.values())

    @property
    def dropped(self) -> int:
        return sum(shard.dropped for shard in self.shards.values())

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
        names = next(iter(self.shards.values())).statistics if self.shards else {}
        return {
            name: pool(shard.statistics[name] for shard in self.shards.values()) for name in names
        }

    def to_bytes(self) -> bytes:
        """Return the manifest file's bytes, equal for equal content."""
        shards = {
            name: {
                "rows": shard.rows,
                "episodes": shard.episodes,
                "dropped": shard.dropped,
                "bytes": shard.bytes,
                "statistics": {key: to_json(value) for key, value in shard.statistics.items()},
            }
            for name, shard in self.shards.items()
        }
        content = {
            "format": FORMAT,
            "layout": self.layout,
            "source": self.source,
            "fields": list(self.fields),
            "shards": shards,
            "counts": dict(self.counts),
        }
        return json.dumps(content, sort_keys=True, indent=1, allow_nan=False).encode()

    def hash(self) -> str:
        """Return the sha256 of the manifest's bytes: it names this very content."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def write(self, folder: Path) -> Path:
        """Write `folder/manifest.json`, whole or not at all."""
        return write_whole(folder / MANIFEST, self.to_bytes())


def read_manifest(folder: Path, layout: Layout | None = None) -> Manifest:
    """Read `folder/manifest.json`; with a layout, refuse episodes of another.

    Raises:
        EpisodesError: missing or not a manifest. LayoutMismatch: made for another layout.
    """
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_bytes())
        if values["format"] != FORMAT:
            raise EpisodesError(f"{path}: episode format {values['format']}, expected {FORMAT}")
        shards = {
            name: Shard(**{**row, "statistics": _statistics(row)})
            for name, row in sorted(values["shards"].items())
        }
        manifest = Manifest(
            layout=values["layout"],
            source=values["source"],
            fields=tuple(values["fields"]),
            shards=shards,
            counts=values["counts"],
        )
    except FileNotFoundError:
        raise EpisodesError(f"{path}: missing; the episodes were never finished") from None
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise EpisodesError(f"{path}: not a manifest of episodes ({error})") from None
    if layout is not None:
        layout.require(manifest.layout, str(path))
    return manifest


def manifest_files(folder: Path) -> dict[str, Path]:
    """Return the files that make up finished episodes, by path in the folder, to publish them."""
    names = [MANIFEST, *read_manifest(folder).shards]
    return {name: folder / name for name in names}


def merge_manifests(manifests: Iterable[Manifest]) -> Manifest:
    """Return the manifest of all shards together; counts add up.

    Raises:
        EpisodesError: other layouts, sources or fields, or the same shard twice.
    """
    parts = list(manifests)
    if not parts:
        raise EpisodesError("merge of episodes: nothing to merge")
    first = parts[0]
    shards: dict[str, Shard] = {}
    counts: dict[str, int] = {}
    for part in parts:
        for what in ("layout", "source", "fields"):
            mine, other = getattr(first, what), getattr(part, what)
            if mine != other:
                raise EpisodesError(f"merge of episodes: {what} {other} does not match {mine}")
        twice = sorted(set(shards) & set(part.shards))
        if twice:
            raise EpisodesError(f"merge of episodes: {twice[0]} would be in the dataset twice")
        shards.update(part.shards)
        for name, value in part.counts.items():
            counts[name] = counts.get(name, 0) + value
    return Manifest(
        layout=first.layout,
        source=first.source,
        fields=first.fields,
        shards=dict(sorted(shards.items())),
        counts=dict(sorted(counts.items())),
    )


def _statistics(row: Mapping) -> dict[str, Statistics]:
    return {name: from_json(values) for name, values in row["statistics"].items()}


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file under its name only when it is complete."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    os.replace(temporary, path)
    return path

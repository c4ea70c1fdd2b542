"""Runs: what one writer closed, the second level of a manifest.

    runs/<sha256>.safetensors   S shards, C columns (one number of a frame each, derived ones last)
        shard       [S, 32] uint8          the sha256 of each shard, in ascending order
        rows, episodes, dropped, bytes     [S] int64
        minimum, maximum, mean, std        [S, C] float64, of every shard
        non_finite                         [S, C] int64
        pooled.<the same five>             [C], over all rows of the run

A shard has more than a hundred columns, so that 40,000 shards would be half a gigabyte of JSON:
here the figures are memory-mapped and looked at with numpy. A run's file is read when its shards
are asked for, and believed only if its bytes have the hash that its name says and its sums are
those of the manifest.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from envs.episodes.array_files import EpisodesError, map_arrays, read_arrays, write_arrays
from envs.episodes.statistics import ARRAYS, Statistics, join_columns, pool, split_columns

FORMAT = 2
SHARDS, RUNS = "shards", "runs"
KEY = "run"  # of the metadata in a run's file
WHAT = "run of episodes"
SUMS = ("rows", "episodes", "dropped", "bytes")
LABELS = ("object", "style", "mode")  # fields by whose values rows are counted
NAME = re.compile(RUNS + r"/[0-9a-f]{64}\.safetensors")
REMEDY = "make these episodes again, or fetch them anew"

RowsBy = Mapping[str, Mapping[str, int]]  # label -> value, as text -> rows


@dataclass(frozen=True, eq=False)
class Shard:
    """What the manifest knows about one shard."""

    rows: int
    episodes: int
    dropped: int  # episodes with a row whose `drop` is set
    bytes: int
    statistics: Mapping[str, Statistics]  # by field, derived columns included


@dataclass(frozen=True, eq=False)
class RunTable:
    """The shards of a run: what is counted in memory, their statistics memory-mapped."""

    file: Path
    names: tuple[str, ...]  # [S] paths in the dataset's folder, sorted
    columns: Mapping[str, slice]  # of each field among the C columns
    counted: Mapping[str, np.ndarray]  # rows, episodes, dropped, bytes: [S] each

    @cached_property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Return the statistics: minimum, ... [S, C], pooled.minimum, ... [C]."""
        return map_arrays(self.file, KEY, WHAT)[1]

    @property
    def pooled(self) -> dict[str, Statistics]:
        """Return the statistics over all rows of the run, by field."""
        held = {name: self.arrays[f"pooled.{name}"] for name in ARRAYS}
        rows = int(self.counted["rows"].sum())
        return split_columns(Statistics(count=rows, **held), self.columns)

    def shard(self, index: int) -> Shard:
        """Return one of the shards."""
        counts = {name: int(self.counted[name][index]) for name in SUMS}
        held = {name: self.arrays[name][index] for name in ARRAYS}
        joined = Statistics(count=counts["rows"], **held)
        return Shard(**counts, statistics=FieldStatistics(joined, self.columns))


@dataclass(frozen=True, eq=False)
class FieldStatistics(Mapping[str, Statistics]):
    """A shard's statistics by field, cut out of its columns when asked for."""

    joined: Statistics
    columns: Mapping[str, slice]

    def __getitem__(self, field: str) -> Statistics:
        return split_columns(self.joined, {field: self.columns[field]})[field]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


@dataclass(frozen=True, eq=False)
class Run:
    """What a manifest says of a run; `table` reads its file."""

    name: str  # runs/<sha256>.safetensors
    file: Path  # where it is now
    layout: str
    source: str
    rows: int
    episodes: int
    dropped: int
    bytes: int
    shards: int
    counts: Mapping[str, int]
    rows_by: RowsBy

    def facts(self) -> dict[str, Any]:
        """Return what the manifest lists of this run, plain JSON."""
        sums = {name: getattr(self, name) for name in (*SUMS, "shards")}
        rows_by = {label: dict(found) for label, found in self.rows_by.items()}
        return sums | {"counts": dict(self.counts), "rows_by": rows_by}

    @cached_property
    def table(self) -> RunTable:
        """Read the run's file, once.

        Raises:
            EpisodesError: missing, changed bytes, or it does not say what the manifest says.
        """
        try:
            with self.file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            raise EpisodesError(f"{self.file}: missing run; {REMEDY}") from None
        if digest != Path(self.name).stem:
            raise EpisodesError(f"{self.file}: cut off or changed bytes; {REMEDY}")
        header, arrays = read_arrays(self.file, KEY, WHAT, ("shard", *SUMS))
        found = {name: int(arrays[name].sum()) for name in SUMS} | {
            "shards": len(arrays["shard"]),
            "counts": header["counts"],
            "rows_by": header["rows_by"],
        }
        wanted = self.facts() | {"layout": self.layout, "source": self.source}
        for name, value in (found | {k: header[k] for k in ("layout", "source")}).items():
            if value != wanted[name]:
                raise EpisodesError(
                    f"{self.file}: {name}: {value} in the run, {wanted[name]} in the manifest; "
                    f"{REMEDY}"
                )
        return RunTable(
            file=self.file,
            names=tuple(f"{SHARDS}/{row.tobytes().hex()}.safetensors" for row in arrays["shard"]),
            columns=column_slices(header["columns"]),
            counted=arrays,
        )


def column_slices(columns: list[tuple[str, int]]) -> dict[str, slice]:
    """Return where each field's columns are, given (field, number of columns) in order."""
    ends = np.cumsum([0, *(width for _, width in columns)]).tolist()
    return {
        field: slice(start, end)
        for (field, _), start, end in zip(columns, ends, ends[1:], strict=False)
    }


def write_run(
    folder: Path,
    shards: Mapping[str, Shard],
    rows_by: RowsBy,
    counts: Mapping[str, int],
    layout: str,
    source: str,
) -> Run:
    """Write the file of a run of one or more shards below `folder`."""
    ordered = dict(sorted(shards.items()))
    fields = [*next(iter(ordered.values())).statistics]
    joined = [join_columns(s.statistics[field] for field in fields) for s in ordered.values()]
    pooled = pool(joined)
    arrays = {name: np.stack([getattr(row, name) for row in joined]) for name in ARRAYS}
    arrays |= {f"pooled.{name}": getattr(pooled, name) for name in ARRAYS}
    for name in SUMS:
        arrays[name] = np.array([getattr(s, name) for s in ordered.values()], dtype=np.int64)
    digests = b"".join(bytes.fromhex(Path(name).stem) for name in ordered)
    arrays["shard"] = np.frombuffer(digests, dtype=np.uint8).reshape(-1, 32)
    widths = [len(next(iter(ordered.values())).statistics[field].mean) for field in fields]
    header = {
        "format": FORMAT,
        "layout": layout,
        "source": source,
        "columns": list(zip(fields, widths, strict=True)),
        "counts": dict(counts),
        "rows_by": {label: dict(found) for label, found in rows_by.items()},
    }
    name, _ = write_arrays(folder, RUNS, arrays, KEY, header)
    sums = {name: int(arrays[name].sum()) for name in SUMS}
    return Run(
        name=name,
        file=folder / name,
        layout=layout,
        source=source,
        shards=len(ordered),
        counts=dict(sorted(counts.items())),
        rows_by=rows_by,
        **sums,
    )


def add_counts(parts: list[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of numbers by name, sorted."""
    names = sorted({name for part in parts for name in part})
    return {name: sum(part.get(name, 0) for part in parts) for name in names}

"""Write a dataset as a LeRobotDataset (lerobot_format.py): frames, words, statistics, no video."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from configs.layout import Layout
from envs.episodes import open_shard, read_manifest
from tasks.data import lerobot_format as lerobot
from tasks.data.datasets import DataError

if TYPE_CHECKING:
    import pyarrow as pa

UNFINISHED = ".unfinished"  # suffix of a folder that a kill left
MB = 2**20
Say = Callable[[float, float, str], None]


@dataclass
class Export:
    """What was written so far, and what the next episode needs to know."""

    layout: Layout
    styles: Sequence[str]
    frames: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)  # of meta/episodes
    measured: dict[str, list[Mapping[str, np.ndarray]]] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)  # text -> task_index


def export_lerobot(
    source: Path, layout: Layout, styles: Sequence[str], target: Path, say: Say
) -> Export:
    """Write the episodes below `source` into a new folder `target`.

    Args:
        styles: names of the experts, by the index that the episodes carry.

    Raises:
        DataError: the folder is in use, or the rate is no whole number. LayoutMismatch: the
            episodes are of another layout.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"{target}: exists and is not empty; choose another folder")
    if layout.control_hz != round(layout.control_hz):
        raise DataError(f"control.hz {layout.control_hz:g}: LeRobot's fps is a whole number")
    manifest = read_manifest(source, layout)
    if not manifest.rows:
        raise DataError(f"{source}: holds no episode to export")
    unfinished = target.with_name(target.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    export = Export(layout, styles)
    with Files(unfinished) as files:
        for shard in manifest.shards:
            for episode in episodes(open_shard(source / shard, layout)):
                add(export, episode, files)
                say(export.frames, manifest.rows, "frames")
    write_meta(export, unfinished)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished.replace(target)
    return export


def episodes(arrays: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    """Yield the episodes of a shard."""
    starts = np.flatnonzero(np.r_[True, np.diff(arrays["episode"]) != 0])
    for start, end in zip(starts, [*starts[1:], len(arrays["episode"])], strict=True):
        yield {name: array[start:end] for name, array in arrays.items()}


def add(export: Export, episode: Mapping[str, np.ndarray], files: "Files") -> None:
    """Write an episode's frames, and note what its row in meta/episodes says."""
    number, length = len(export.rows), len(episode["step"])
    frame = np.arange(length)
    tasks = task_indices(export, episode)
    vectors = lerobot.columns(episode, export.layout)
    indices = {
        "timestamp": (frame / export.layout.control_hz).astype(np.float32),
        "frame_index": frame,
        "episode_index": np.full(length, number),
        "index": export.frames + frame,
        "task_index": tasks,
    }
    chunk, file = files.write(vectors, indices)
    words = list(export.tasks)
    row: dict[str, Any] = {
        "episode_index": number,
        "tasks": [words[i] for i in dict.fromkeys(tasks.tolist())],
        "length": length,
        "data/chunk_index": chunk,
        "data/file_index": file,
        "dataset_from_index": export.frames,
        "dataset_to_index": export.frames + length,
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
    }
    flat = {name: values[:, None] for name, values in indices.items()}
    for name, values in (vectors | flat).items():
        statistics = lerobot.measure(values)
        export.measured.setdefault(name, []).append(statistics)
        row |= {f"stats/{name}/{key}": value.tolist() for key, value in statistics.items()}
    export.rows.append(row)
    export.frames += length


def task_indices(export: Export, episode: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return every frame's task [T]; a text that is new gets the next number."""
    pairs = np.stack([episode["mode"], episode["style"]], axis=1)
    kinds, which = np.unique(pairs, axis=0, return_inverse=True)
    numbers = []
    for mode, style in kinds.tolist():
        words = lerobot.task_of(
            _name(export.layout.modes, mode, "mode"), _name(export.styles, style, "style")
        )
        numbers.append(export.tasks.setdefault(words, len(export.tasks)))
    return np.array(numbers, dtype=np.int64)[which.reshape(-1)]


def write_meta(export: Export, folder: Path) -> None:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = folder / lerobot.EPISODES.format(chunk_index=0, file_index=0)
    rows.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(export.rows), rows)
    words = pd.Index(list(export.tasks), name="task")
    tasks = pd.DataFrame({"task_index": list(export.tasks.values())}, index=words)
    tasks.to_parquet(folder / lerobot.TASKS)
    stats = {name: lerobot.pool(parts) for name, parts in export.measured.items()}
    info = lerobot.info(export.layout, len(export.rows), export.frames, len(export.tasks))
    for path, content in ((lerobot.STATS, stats), (lerobot.INFO, info)):
        (folder / path).write_text(json.dumps(content, indent=4))


class Files:
    """Data files of about LeRobot's size, one open at a time; an episode lies in one of them."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number, self._bytes = folder, 0, 0
        self._writer: Any = None

    def __enter__(self) -> "Files":
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(
        self, vectors: Mapping[str, np.ndarray], indices: Mapping[str, np.ndarray]
    ) -> tuple[int, int]:
        """Write an episode as a row group; return its chunk and file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        lists = {name: _lists(values) for name, values in vectors.items()}
        table = pa.table(lists | {name: pa.array(values) for name, values in indices.items()})
        if self._writer is not None and self._bytes + table.nbytes > lerobot.FILE_MB * MB:
            self._writer.close()
            self._writer, self._bytes, self._number = None, 0, self._number + 1
        chunk, file = divmod(self._number, lerobot.FILES_PER_CHUNK)
        if self._writer is None:
            path = self._folder / lerobot.DATA.format(chunk_index=chunk, file_index=file)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(path, table.schema, compression="snappy")
        self._writer.write_table(table)
        self._bytes += table.nbytes
        return chunk, file


def _lists(values: np.ndarray) -> "pa.Array":
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _name(names: Sequence[str], index: int, what: str) -> str:
    return names[index] if 0 <= index < len(names) else f"{what} {index}"

"""The files of a LeRobotDataset, format v3.0, as its published loader reads them.

data/chunk-000/file-000.parquet           frames; a row group an episode
meta/episodes/chunk-000/file-000.parquet  an episode a row: where it is, tasks, statistics
meta/tasks.parquet                        task_index by the task's words
meta/info.json                            rate, features, counts, how paths are made
meta/stats.json                           statistics of all frames, by feature
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.data.lerobot.features import Feature

VERSION = "v3.0"
CHUNK_FILES = 1000  # files in a chunk's folder; LeRobot's own default
FILE_MIB = 100  # greatest size of a parquet file; LeRobot's own default
FILE = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA_PATH = f"data/{FILE}"
EPISODES_PATH = f"meta/episodes/{FILE}"
TASKS_PATH, INFO_PATH, STATS_PATH = "meta/tasks.parquet", "meta/info.json", "meta/stats.json"
MIB = 1 << 20


class ParquetFiles:
    """Tables written one after the other into numbered files of at most `limit` bytes.

    Bytes are counted before compression, so files are smaller; one table may exceed the limit.
    """

    def __init__(self, root: Path, path: str, limit: int) -> None:
        self.root, self.path, self.limit = root, path, limit
        self.number, self.size = 0, 0
        self._writer: pq.ParquetWriter | None = None

    def place(self, size: int) -> dict[str, int]:
        """Return chunk and file for `size` more bytes; call before `write`."""
        if self.size and self.size + size > self.limit:
            self.close()
            self.number, self.size = self.number + 1, 0
        self.size += size
        chunk, file = divmod(self.number, CHUNK_FILES)
        return {"chunk_index": chunk, "file_index": file}

    def write(self, table: pa.Table) -> None:
        """Append a table as a row group of the file that `place` has told."""
        if self._writer is None:
            path = self.root / self.path.format(**self.place(0))
            path.parent.mkdir(parents=True, exist_ok=True)
            # Measured numbers hardly repeat: a dictionary of them would only take space.
            whole = [field.name for field in table.schema if pa.types.is_integer(field.type)]
            self._writer = pq.ParquetWriter(
                path,
                table.schema,
                compression="snappy",
                use_dictionary=whole,  # type: ignore[arg-type]  # names of columns are taken too
            )
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def frame_table(columns: Sequence[np.ndarray], features: Sequence[Feature]) -> pa.Table:
    """Return frames as a table: a number, or a list of fixed length, for each feature."""
    arrays = []
    for values, feature in zip(columns, features, strict=True):
        flat = pa.array(np.ascontiguousarray(values).reshape(-1))
        many = pa.FixedSizeListArray.from_arrays(flat, feature.size) if feature.names else flat
        arrays.append(many)
    return pa.table(arrays, names=[feature.name for feature in features])


def write_tasks(root: Path, tasks: Sequence[str]) -> None:
    """Write the tasks as LeRobot does: a pandas frame with the words as its index."""
    table = pd.DataFrame({"task_index": range(len(tasks))}, index=pd.Index(tasks, name="task"))
    table.to_parquet(root / TASKS_PATH)


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4, allow_nan=False) + "\n")


def dataset_info(
    robot: str, fps: int, features: Sequence[Feature], episodes: int, frames: int, tasks: int
) -> dict[str, Any]:
    """Return meta/info.json; `fps` in [frames/s]."""
    return {
        "codebase_version": VERSION,
        "robot_type": robot,
        "total_episodes": episodes,
        "total_frames": frames,
        "total_tasks": tasks,
        "chunks_size": CHUNK_FILES,
        "data_files_size_in_mb": FILE_MIB,
        "video_files_size_in_mb": 200,  # there is none; the loader wants a positive number
        "fps": fps,
        "splits": {"train": f"0:{episodes}"},
        "data_path": DATA_PATH,
        "video_path": None,
        "features": {feature.name: feature.info() for feature in features},
    }

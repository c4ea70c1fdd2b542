"""Export a dataset of ours as a LeRobotDataset, which other people's policies train from.

Shards are read memory-mapped, one after the other and episode by episode, so memory does not grow
with the dataset. Equal datasets give equal files. What LeRobot has no place for (units, where the
frames come from) is in meta/dexgen.json, and each episode's shard and id stand in its row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from configs.errors import UserError
from configs.layout import Layout
from configs.refs import Ref
from envs.episodes.episodes import open_shard
from envs.episodes.manifest import MANIFEST, Manifest
from tasks.data.dataset_commits import open_runs, part
from tasks.data.lerobot.features import COUNTED, DEFAULTS, DONE, Feature, features_of
from tasks.data.lerobot.new_folder import new_folder
from tasks.data.lerobot.parquet import (
    DATA_PATH,
    EPISODES_PATH,
    FILE_MIB,
    INFO_PATH,
    MIB,
    STATS_PATH,
    ParquetFiles,
    dataset_info,
    frame_table,
    write_json,
    write_tasks,
)
from tasks.data.lerobot.statistics import by_feature, measure_all, measure_episode
from tasks.store.protocol import VersionStore

SOURCE_PATH = "meta/dexgen.json"
ROWS_TOGETHER = 256  # episodes in a row group of meta/episodes

Progress = Callable[[float, float, str], None]  # done, total, unit


def export_lerobot(
    store: VersionStore,
    ref: Ref,
    layout: Layout,
    styles: Sequence[str],
    folder: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Write the dataset behind a reference into a new folder and return its meta/info.json.

    `styles` are the names behind the field `style`, in its order.

    Raises:
        UserError: values that LeRobot's format, or its statistics, cannot hold.
        UserError: the folder exists or cannot be written.
        LayoutMismatch: made for another layout. EpisodesError, Corrupt: a broken shard.
    """
    manifest = open_runs(store, ref, layout)
    require_exportable(manifest, layout, part(ref, MANIFEST).path)
    with new_folder(folder) as work:
        export = LeRobotExport(work, layout, manifest, styles)
        for name in manifest.shards:
            shard = store.open(part(ref, name))
            for rows in episodes_of(open_shard(shard, layout)):
                export.add(rows, name)
                progress(export.frames, manifest.rows, "frames")
        info = export.finish()
        write_json(work / SOURCE_PATH, origin(ref, manifest, layout, export.features))
    return info


def require_exportable(manifest: Manifest, layout: Layout, path: str) -> None:
    """Refuse what the manifest already shows to be impossible, before anything is written."""
    if not manifest.rows:
        raise UserError(f"{path}: the dataset has no rows")
    if layout.control_hz != round(layout.control_hz):
        raise UserError(
            f"{path}: control_hz {layout.control_hz:g}: LeRobot's fps is a whole number"
        )
    pooled = manifest.statistics()
    for field in manifest.fields:
        if pooled[field].non_finite.any():
            raise UserError(
                f"{path}: {field}: {int(pooled[field].non_finite.sum())} values are not finite; "
                "export a dataset that has passed the checks"
            )
    if pooled["step.jump"].minimum.any() or pooled["step.jump"].maximum.any():
        raise UserError(
            f"{path}: step: frames are missing inside an episode, and LeRobot's timestamps "
            "count on; export a dataset that has passed the checks"
        )


def episodes_of(arrays: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    """Yield a shard's episodes, each its fields [T, ...]."""
    ids = arrays["episode"]
    starts = np.r_[0, np.flatnonzero(np.diff(ids)) + 1, len(ids)]
    for start, stop in pairwise(starts.tolist()):
        yield {name: array[start:stop] for name, array in arrays.items()}


class LeRobotExport:
    """A LeRobotDataset in the making: episodes go in one by one, `finish` closes it."""

    def __init__(
        self, root: Path, layout: Layout, manifest: Manifest, styles: Sequence[str]
    ) -> None:
        self.root, self.layout, self.styles = root, layout, styles
        self.features = features_of(layout, manifest.fields)
        self.frames = self.episodes = 0
        self.tasks: dict[str, int] = {}  # index by words, in order of appearance
        self._data = ParquetFiles(root, DATA_PATH, FILE_MIB * MIB)
        self._meta = ParquetFiles(root, EPISODES_PATH, FILE_MIB * MIB)
        self._rows: list[dict[str, Any]] = []

    def add(self, arrays: Mapping[str, np.ndarray], shard: str) -> None:
        """Write one episode's frames, and keep its row."""
        length = len(arrays["episode"])
        tasks = self._tasks_of(arrays, shard)
        fields = {**arrays, **self._made(length, tasks)}
        columns = [feature.column(fields) for feature in self.features]
        measured = measure_episode(np.concatenate(columns, axis=1, dtype=np.float64))
        place = self._data.place(sum(column.nbytes for column in columns))
        self._data.write(frame_table(columns, self.features))
        words = list(self.tasks)
        row: dict[str, Any] = {
            "episode_index": self.episodes,
            "tasks": [words[index] for index in np.unique(tasks)],
            "length": length,
            "dataset_from_index": self.frames,
            "dataset_to_index": self.frames + length,
            **{f"data/{name}": value for name, value in place.items()},
            "source/shard": shard,
            "source/episode": int(arrays["episode"][0]),
        }
        for name, table in by_feature(measured, length, self.features).items():
            row |= {f"stats/{name}/{key}": numbers for key, numbers in table.items()}
        self._rows.append(row)
        self.frames, self.episodes = self.frames + length, self.episodes + 1
        if len(self._rows) == ROWS_TOGETHER:
            self._write_rows()

    def finish(self) -> dict[str, Any]:
        """Write what is pending and the rest of meta/; return meta/info.json."""
        self._write_rows()
        self._data.close()
        self._meta.close()
        measured = measure_all(self.root / "data", self.features)
        write_json(self.root / STATS_PATH, by_feature(measured, self.frames, self.features))
        write_tasks(self.root, list(self.tasks))
        info = dataset_info(
            self.layout.hand,
            round(self.layout.control_hz),
            self.features,
            self.episodes,
            self.frames,
            len(self.tasks),
        )
        write_json(self.root / INFO_PATH, info)
        return info

    def _tasks_of(self, arrays: Mapping[str, np.ndarray], shard: str) -> np.ndarray:
        """Return the task index [T] of each frame; tasks seen first are added."""
        for field, known in (("mode", self.layout.modes), ("style", self.styles)):
            strange = arrays[field][(arrays[field] < 0) | (arrays[field] >= len(known))]
            if len(strange):
                raise UserError(
                    f"{shard}: {field}: index {strange[0]} has no name; the configuration has "
                    f"{', '.join(known)}"
                )
        pairs = np.stack((arrays["mode"], arrays["style"]), axis=1)
        found, which = np.unique(pairs, axis=0, return_inverse=True)
        modes, styles = self.layout.modes, self.styles
        words = [task_words(modes[int(mode)], styles[int(style)]) for mode, style in found]
        indices = [self.tasks.setdefault(word, len(self.tasks)) for word in words]
        return np.array(indices, dtype=np.int64)[which.reshape(-1)]

    def _made(self, length: int, tasks: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns [T] that no field holds."""
        frame = np.arange(length)
        return {
            "timestamp": frame / round(self.layout.control_hz),
            "frame_index": frame,
            "episode_index": np.full(length, self.episodes),
            "index": self.frames + frame,
            "task_index": tasks,
            DONE: frame == length - 1,
        }

    def _write_rows(self) -> None:
        if not self._rows:
            return
        table = pa.Table.from_pylist(self._rows)
        for name, value in self._meta.place(table.nbytes).items():
            table = table.append_column(f"meta/episodes/{name}", [[value] * len(table)])
        self._meta.write(table)
        self._rows = []


def task_words(mode: str, style: str) -> str:
    """Return the task as a person, or a language model, reads it."""
    return f"manipulate the object in the hand; mode {mode}, style {style}"


def origin(
    ref: Ref, manifest: Manifest, layout: Layout, features: Sequence[Feature]
) -> dict[str, Any]:
    """Return meta/dexgen.json: where the frames come from, and what their numbers mean."""
    meaning = {
        feature.name: {
            "field": feature.field,
            "unit": layout.fields[feature.field].unit,
            "frame": layout.fields[feature.field].frame,
        }
        for feature in features
        if feature.field
    }
    return {
        "version": ref.version,
        "path": ref.path,
        "manifest": manifest.hash(),
        "layout": layout.fingerprint(),
        "source": manifest.source,
        "action_scale_rad": layout.action_scale,
        "features": meaning,
        "told_by_index": list(COUNTED),
        "made": [*DEFAULTS, DONE],
    }

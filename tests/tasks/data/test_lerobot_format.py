"""The export is held to the published format v3.0, whether or not LeRobot is installed.

The facts below were read in LeRobot's own code (github.com/huggingface/lerobot, version 0.6.2,
commit 7427f318; Apache-2.0): src/lerobot/datasets/{utils,io_utils,dataset_metadata,feature_utils,
dataset_writer,compute_stats}.py and src/lerobot/utils/constants.py.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from envs.episodes.episodes import read_manifest
from tasks.data.lerobot import parquet as lerobot_parquet
from tests.tasks.data.committed import rows_of

# utils.DatasetInfo: a key beyond these is warned about; the first three have no default.
INFO = {
    "codebase_version": str,
    "fps": int,
    "features": dict,
    "total_episodes": int,
    "total_frames": int,
    "total_tasks": int,
    "chunks_size": int,
    "data_files_size_in_mb": int,
    "video_files_size_in_mb": int,
    "data_path": str,
    "video_path": type(None),  # without videos
    "robot_type": str,
    "splits": dict,
}
# constants.DEFAULT_FEATURES: every dataset has them; shape (1,), no names.
DEFAULTS = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
# dataset_metadata.save_episode, _save_episode_metadata; dataset_writer._save_episode_data.
EPISODE_COLUMNS = {
    "episode_index": pa.int64(),
    "tasks": pa.list_(pa.string()),
    "length": pa.int64(),
    "data/chunk_index": pa.int64(),
    "data/file_index": pa.int64(),
    "dataset_from_index": pa.int64(),
    "dataset_to_index": pa.int64(),
    "meta/episodes/chunk_index": pa.int64(),
    "meta/episodes/file_index": pa.int64(),
}
# compute_stats.get_feature_stats: each a list, of one number a component; count of one number.
STATISTICS = {"min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"}
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"  # utils.DEFAULT_DATA_PATH
EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
ARROW = {"float32": pa.float32(), "int64": pa.int64(), "bool": pa.bool_()}


def info_of(folder: Path) -> dict:
    return json.loads((folder / "meta/info.json").read_text())


def parquet(folder: Path, part: str) -> list[Path]:
    """Return the files as the loader finds them: sorted(glob("*/*.parquet"))."""
    return sorted((folder / part).glob("*/*.parquet"))


def hold_to_format(folder: Path) -> None:
    """Assert what the loader takes for granted of a folder."""
    info = info_of(folder)
    assert {name: type(value) for name, value in info.items()} == INFO
    assert info["codebase_version"] == "v3.0"
    assert info["data_path"] == DATA
    assert info["splits"] == {"train": f"0:{info['total_episodes']}"}
    for name, feature in info["features"].items():
        assert "/" not in name
        assert set(feature) == {"dtype", "shape", "names"}
        assert len(feature["shape"]) == 1
        assert feature["names"] is None or len(feature["names"]) == feature["shape"][0]
    for name, dtype in DEFAULTS.items():
        assert info["features"][name] == {"dtype": dtype, "shape": [1], "names": None}
    hold_data(folder, info)
    hold_episodes(folder, info)
    tasks = pd.read_parquet(folder / "meta/tasks.parquet")
    assert list(tasks.columns) == ["task_index"]
    assert tasks["task_index"].tolist() == list(range(info["total_tasks"]))
    assert all(isinstance(words, str) for words in tasks.index)
    statistics = json.loads((folder / "meta/stats.json").read_text())
    assert set(statistics) == set(info["features"])
    for name, values in statistics.items():
        sizes = {key: len(numbers) for key, numbers in values.items()}
        size = info["features"][name]["shape"][0]
        assert sizes == {key: 1 if key == "count" else size for key in STATISTICS}


def hold_data(folder: Path, info: dict) -> None:
    """Assert columns and types of the frames, and that `index` counts through all files."""
    files = parquet(folder, "data")
    frames = pa.concat_tables([pq.read_table(path) for path in files])
    assert frames.column_names == list(info["features"])
    for name, feature in info["features"].items():
        number, size = ARROW[feature["dtype"]], feature["shape"][0]
        # feature_utils.get_hf_features_from_features: shape (1,) is a plain value.
        assert frames.schema.field(name).type == (number if size == 1 else pa.list_(number, size))
        assert frames[name].null_count == 0
    assert frames["index"].to_pylist() == list(range(info["total_frames"]))
    # io_utils.write_table_one_row_group_per_episode: so that one episode can be read alone.
    assert sum(pq.ParquetFile(path).num_row_groups for path in files) == info["total_episodes"]
    for path in files:
        assert path.stat().st_size <= info["data_files_size_in_mb"] << 20


def hold_episodes(folder: Path, info: dict) -> None:
    """Assert that each episode's row tells where its frames are, and what they are like."""
    table = pa.concat_tables([pq.read_table(path) for path in parquet(folder, "meta/episodes")])
    types = {field.name: field.type for field in table.schema}
    assert {name: types[name] for name in EPISODE_COLUMNS} == EPISODE_COLUMNS
    wanted = {f"stats/{name}/{key}" for name in info["features"] for key in STATISTICS}
    assert {name for name in types if name.startswith("stats/")} == wanted
    rows = table.select(list(EPISODE_COLUMNS)).to_pylist()
    assert [row["episode_index"] for row in rows] == list(range(info["total_episodes"]))
    begin = 0
    for row in rows:
        assert row["dataset_from_index"] == begin
        begin = row["dataset_to_index"]
        assert begin - row["dataset_from_index"] == row["length"]
        where = {"chunk_index": row["data/chunk_index"], "file_index": row["data/file_index"]}
        held = pq.read_table(folder / DATA.format(**where), columns=["index", "episode_index"])
        inside = held.to_pandas().query(f"episode_index == {row['episode_index']}")["index"]
        assert inside.tolist() == list(range(row["dataset_from_index"], begin))
    assert begin == info["total_frames"]


def test_export_is_of_the_published_format(exported):
    hold_to_format(exported.folder)


def test_robot_export_is_too(export):
    robot = export(source="robot")
    hold_to_format(robot.folder)
    names = info_of(robot.folder)["features"]
    assert not [name for name in names if name.startswith("privileged.") or name == "next.drop"]


def test_many_small_files_are_of_it_too(export, monkeypatch):
    """Files and chunks are turned over as LeRobot counts them."""
    monkeypatch.setattr("tasks.data.lerobot.export.MIB", 200)  # 100 "MiB" are 20 kB
    monkeypatch.setattr("tasks.data.lerobot.export.ROWS_TOGETHER", 2)
    monkeypatch.setattr(lerobot_parquet, "CHUNK_FILES", 2)
    folder = export(count=9).folder
    hold_to_format(folder)
    names = [path.relative_to(folder / "data").as_posix() for path in parquet(folder, "data")]
    assert names[:3] == [f"chunk-{i // 2:03d}/file-{i % 2:03d}.parquet" for i in range(3)]
    assert len(parquet(folder, "meta/episodes")) > 2


def test_nothing_is_lost(exported, layout):
    """Every field of the shards is a column; episode and step are told by the indices."""
    frames = pq.read_table(parquet(exported.folder, "data")[0])
    meaning = json.loads((exported.folder / "meta/dexgen.json").read_text())
    fields = {row["field"]: name for name, row in meaning["features"].items()}
    assert {*fields, *meaning["told_by_index"]} == set(layout.fields)
    for field, values in rows_of(exported.episodes).items():
        if field in fields:
            column = np.array(frames[fields[field]].to_pylist())
            np.testing.assert_array_equal(column, values.reshape(column.shape), err_msg=field)
    assert meaning["version"] == exported.ref.version
    assert meaning["manifest"] == read_manifest(exported.episodes).hash()


@pytest.mark.parametrize("name", ["observation.state", "timestamp", "next.drop", "style_index"])
def test_statistics_are_those_of_the_frames(exported, name):
    frames = pq.read_table(parquet(exported.folder, "data")[0])
    values = np.array(frames[name].to_pylist(), dtype=np.float64)
    values = values.reshape(len(values), -1)
    said = json.loads((exported.folder / "meta/stats.json").read_text())[name]
    for key in ("min", "max", "mean", "std"):
        np.testing.assert_allclose(said[key], getattr(values, key)(axis=0), rtol=1e-9, atol=1e-12)
    assert said["count"] == [len(values)]
    ordered, last = np.sort(values, axis=0), len(values) - 1
    for key, share in (("q01", 0.01), ("q50", 0.5), ("q99", 0.99)):
        rank = int(np.ceil(share * len(values))) - 1
        near = ordered[max(rank - 1, 0)], ordered[min(rank + 1, last)]
        assert (near[0] <= said[key]).all()
        assert (said[key] <= near[1]).all()


def test_equal_datasets_give_equal_bytes(exported, export):
    other = export()
    for path in sorted(exported.folder.rglob("*")):
        if path.is_file():
            same = other.folder / path.relative_to(exported.folder)
            assert path.read_bytes() == same.read_bytes(), path

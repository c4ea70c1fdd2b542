"""The export is what LeRobot's published format says, and what its own loader reads."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from configs.layout import Layout, LayoutMismatch
from configs.load import load
from configs.schema.pipeline import Config
from envs.episodes import open_shard, read_manifest
from tasks.data import lerobot
from tasks.data.datasets import DataError
from tasks.data.lerobot import export_lerobot
from tests.tasks.data.workshop import config
from tests.tasks.synthetic_episodes import write_dataset

FACTS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("lerobot_v3.yaml").read_text())
EPISODES, LENGTH = 6, 50


def quiet(done: float, total: float, unit: str) -> None:
    pass


@pytest.fixture(scope="module")
def layout() -> Layout:
    return config().embodiment.make_layout()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("source"), config().embodiment, EPISODES, LENGTH)


def export(source: Path, layout: Layout, target: Path) -> Path:
    export_lerobot(source, layout, list(config().task.styles), target, quiet)
    return target


@pytest.fixture(scope="module")
def made(source: Path, layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(source, layout, tmp_path_factory.mktemp("made") / "hand")


def frames(made: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted(made.glob("data/*/*.parquet"))])


def test_info_is_as_published(made: Path, layout: Layout) -> None:
    info = json.loads((made / "meta/info.json").read_text())
    assert {name: type(value).__name__ for name, value in info.items()} == FACTS["info"]
    assert info["codebase_version"] == FACTS["codebase_version"]
    assert info["data_path"] == FACTS["data_path"]
    assert info["fps"] == layout.control_hz
    assert (info["total_episodes"], info["total_frames"]) == (EPISODES, EPISODES * LENGTH)
    assert info["splits"] == {"train": f"0:{EPISODES}"}
    for name, dtype in FACTS["default_features"].items():
        assert info["features"][name] == {"dtype": dtype, "shape": [1], "names": None}
    assert info["features"]["action"]["names"] == list(layout.joint_names)


def test_files_have_the_columns_of_the_features(made: Path) -> None:
    features = json.loads((made / "meta/info.json").read_text())["features"]
    for path in made.glob("data/*/*.parquet"):
        schema = pq.read_schema(path)
        assert schema.names == list(features)
        for name, feature in features.items():
            size = feature["shape"][0]
            item = {"float32": "float", "int64": "int64"}[feature["dtype"]]
            one = f"fixed_size_list<element: {item}>[{size}]"
            assert str(schema.field(name).type) == (item if size == 1 else one)


def test_episodes_say_where_their_frames_are(made: Path) -> None:
    path = made / FACTS["episodes_path"].format(chunk_index=0, file_index=0)
    schema, rows = pq.read_schema(path), pd.read_parquet(path)
    features = json.loads((made / "meta/info.json").read_text())["features"]
    wanted = {f"stats/{f}/{s}" for f in features for s in FACTS["statistics"]}
    assert {n for n in schema.names if n.startswith("stats/")} == wanted
    others = {name: str(schema.field(name).type) for name in schema.names if name not in wanted}
    assert others == FACTS["episodes"]
    table, tasks = frames(made), pd.read_parquet(made / "meta/tasks.parquet")
    for row in rows.to_dict("records"):
        part = table.iloc[row["dataset_from_index"] : row["dataset_to_index"]]
        assert (part["episode_index"] == row["episode_index"]).all()
        assert part["frame_index"].tolist() == list(range(row["length"]))
        file = FACTS["data_path"].format(
            chunk_index=row["data/chunk_index"], file_index=row["data/file_index"]
        )
        assert row["episode_index"] in pd.read_parquet(made / file)["episode_index"].to_numpy()
        assert [tasks.index[i] for i in part["task_index"].unique()] == list(row["tasks"])
    assert table["index"].tolist() == list(range(len(table)))


def test_values_are_those_of_the_shards(made: Path, source: Path, layout: Layout) -> None:
    table = frames(made)
    shards = [open_shard(source / name, layout) for name in read_manifest(source, layout).shards]
    rows = {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}
    state = np.stack(table["observation.state"].to_list())
    np.testing.assert_array_equal(state, rows["joint_observation"])
    points = np.stack(table["observation.keypoints"].to_list())
    np.testing.assert_array_equal(points, rows["keypoints"].reshape(len(points), -1))
    action = np.stack(table["action"].to_list())
    inner = rows["step"] < LENGTH - 1
    np.testing.assert_array_equal(action[inner], rows["joint_target"][1:][inner[:-1]])
    moved = rows["joint_target"] + layout.action_scale * rows["action"]
    expected = np.clip(moved, layout.joint_lower, layout.joint_upper)
    np.testing.assert_allclose(action, expected, atol=1e-6)  # this hand's targets do just that
    np.testing.assert_allclose(table["timestamp"], rows["step"] / layout.control_hz, rtol=1e-6)


def test_statistics_are_those_of_all_frames(made: Path) -> None:
    stats = json.loads((made / "meta/stats.json").read_text())
    state = np.stack(frames(made)["observation.state"].to_list()).astype(np.float64)
    assert list(stats["observation.state"]) == FACTS["statistics"]
    for name, value in (("mean", state.mean(0)), ("std", state.std(0)), ("max", state.max(0))):
        np.testing.assert_allclose(stats["observation.state"][name], value, rtol=1e-9)
    assert stats["observation.state"]["count"] == [len(state)]


def test_equal_datasets_make_equal_files(
    made: Path, source: Path, layout: Layout, tmp_path: Path
) -> None:
    again = export(source, layout, tmp_path / "again")
    files = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert all((made / file).read_bytes() == (again / file).read_bytes() for file in files)


def test_small_files_split_between_episodes(
    source: Path, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lerobot, "MB", 300)  # so that a file of 100 MB is one of 30 kB
    made = export(source, layout, tmp_path / "split")
    assert len(list(made.glob("data/chunk-000/*.parquet"))) > 1
    test_episodes_say_where_their_frames_are(made)


def test_broken_off_export_leaves_no_dataset_and_is_done_again(
    source: Path, layout: Layout, tmp_path: Path
) -> None:
    class Killed(Exception):
        pass

    def stop(done: float, total: float, unit: str) -> None:
        raise Killed

    with pytest.raises(Killed):
        export_lerobot(source, layout, [], tmp_path / "hand", stop)
    assert not (tmp_path / "hand").exists()
    export(source, layout, tmp_path / "hand")
    assert [path.name for path in tmp_path.iterdir()] == ["hand"]
    with pytest.raises(DataError, match="not empty"):
        export(source, layout, tmp_path / "hand")


def test_another_layout_or_rate_is_refused(source: Path, tmp_path: Path) -> None:
    other = load(Config, ["hand=trident"]).embodiment.make_layout()
    with pytest.raises(LayoutMismatch):
        export(source, other, tmp_path / "hand")


def test_lerobots_own_loader_reads_it(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    module = pytest.importorskip("lerobot.datasets.lerobot_dataset")
    steps = {"action": [0.0, 0.05, 0.1]}
    read = module.LeRobotDataset("local/hand", root=made, delta_timestamps=steps)
    assert (len(read), read.num_episodes) == (EPISODES * LENGTH, EPISODES)
    table, at = frames(made), LENGTH + 3
    item = read[at]
    np.testing.assert_array_equal(item["observation.state"], table["observation.state"].iloc[at])
    wanted = np.stack(table["action"].iloc[at : at + 3].to_list())
    np.testing.assert_array_equal(item["action"], wanted)
    assert item["task"].startswith("Rotate the object")
    assert len(module.LeRobotDataset("local/hand", root=made, episodes=[1, 2])) == 2 * LENGTH

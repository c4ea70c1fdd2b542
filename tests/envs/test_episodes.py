"""Episodes come back as written, whole, under names that follow from their bytes."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from configs.layout import Layout, LayoutMismatch
from configs.load import load
from configs.schema.pipeline import Config
from envs.episodes.episodes import (
    EpisodesError,
    EpisodeWriter,
    Manifest,
    manifest_files,
    merge_manifests,
    open_shard,
    read_manifest,
)
from tests.tiny_episodes import Episode, make_episode

SHARD_BYTES = 60_000


@pytest.fixture(scope="module", params=["allegro", "trident"])
def layout(request: pytest.FixtureRequest) -> Layout:
    return load(Config, [f"hand={request.param}"]).embodiment.make_layout()


def write(folder: Path, layout: Layout, episodes: list[Episode], **options: str) -> Manifest:
    writer = EpisodeWriter(folder, layout, SHARD_BYTES, **options)
    for episode in episodes:
        writer.append(episode)
    return writer.close({"too_short": 2})


def test_rows_come_back_whole_and_in_order(tmp_path: Path, layout: Layout) -> None:
    episodes = [make_episode(layout, i, 20 + i, dropped=i % 4 == 0) for i in range(12)]
    written = write(tmp_path, layout, episodes)
    manifest = read_manifest(tmp_path, layout)
    assert manifest.hash() == written.hash()
    assert (manifest.rows, manifest.episodes, manifest.dropped) == (306, 12, 3)
    assert manifest.counts == {"too_short": 2}
    assert len(manifest.shards) > 2
    found: dict[int, Episode] = {}
    for name, shard in manifest.shards.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == Path(name).stem
        assert shard.bytes == (tmp_path / name).stat().st_size
        arrays = open_shard(tmp_path / name, layout)
        assert len(arrays["step"]) == shard.rows
        assert not arrays["joint_position"].flags.writeable
        ids = np.unique(arrays["episode"])
        assert len(ids) == shard.episodes
        for number in ids:
            rows = arrays["episode"] == number
            found[int(number)] = {key: array[rows] for key, array in arrays.items()}
    assert sorted(found) == list(range(12))
    for number, episode in found.items():
        for name, array in episode.items():
            np.testing.assert_array_equal(array, episodes[number][name])
            assert array.dtype == layout.fields[name].dtype


def test_shards_are_mapped_not_read(tmp_path: Path, layout: Layout) -> None:
    manifest = write(tmp_path, layout, [make_episode(layout, 0)])
    arrays = open_shard(tmp_path / next(iter(manifest.shards)))
    base = arrays["keypoints"]
    while not isinstance(base, np.memmap) and base.base is not None:
        base = base.base
    assert isinstance(base, np.memmap)


def test_equal_episodes_make_equal_bytes_in_any_process(tmp_path: Path) -> None:
    """Python's string hashes differ from process to process; nothing may depend on them."""
    program = (
        "import sys; from pathlib import Path; from configs.load import load\n"
        "from configs.schema.pipeline import Config\n"
        "from envs.episodes.episodes import EpisodeWriter\n"
        "from tests.tiny_episodes import make_episode\n"
        "layout = load(Config, []).embodiment.make_layout()\n"
        f"writer = EpisodeWriter(Path(sys.argv[1]), layout, {SHARD_BYTES})\n"
        "for i in range(4): writer.append(make_episode(layout, i))\n"
        "print(writer.close({'b': 1, 'a': 2}).hash())\n"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / seed)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(hashes) == 1


def test_statistics_are_those_of_numpy_over_all_rows(tmp_path: Path, layout: Layout) -> None:
    episodes = [make_episode(layout, i) for i in range(12)]
    episodes[3]["keypoints"][5, 1, 2] = np.nan
    episodes[3]["keypoints"][6, 1, 2] = np.inf
    statistics = write(tmp_path, layout, episodes).statistics()
    joints = np.concatenate([e["joint_position"] for e in episodes]).astype(np.float64)
    held = statistics["joint_position"]
    assert held.count == 12 * 40
    np.testing.assert_array_equal(held.minimum, joints.min(axis=0))
    np.testing.assert_array_equal(held.maximum, joints.max(axis=0))
    np.testing.assert_allclose(held.mean, joints.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(held.std, joints.std(axis=0), rtol=1e-10)
    points = np.concatenate([e["keypoints"] for e in episodes]).astype(np.float64)
    points = points.reshape(len(points), -1)
    points[~np.isfinite(points)] = np.nan
    held = statistics["keypoints"]
    assert held.non_finite[5] == 2
    assert held.non_finite.sum() == 2
    np.testing.assert_allclose(held.std, np.nanstd(points, axis=0), rtol=1e-10)
    np.testing.assert_array_equal(held.minimum, np.nanmin(points, axis=0))
    again = read_manifest(tmp_path).statistics()["keypoints"]
    np.testing.assert_array_equal(again.mean, held.mean)


def test_column_without_a_number_survives_json(tmp_path: Path, layout: Layout) -> None:
    episode = make_episode(layout, 0)
    episode["gravity"][:, 1] = np.nan
    write(tmp_path, layout, [episode])
    held = read_manifest(tmp_path).statistics()["gravity"]
    assert np.isnan(held.mean).tolist() == [False, True, False]
    assert held.non_finite.tolist() == [0, 40, 0]


def test_derived_columns(tmp_path: Path, layout: Layout) -> None:
    first, second = make_episode(layout, 0), make_episode(layout, 1)
    second["step"][10] = 12  # should be 10: 2 too far, and the next is 2 too early
    second["goal_pose"][4, 3:] *= 1.5
    first["goal_pose"][4, 3] = np.nan  # which is said of its own column
    first["drop"][-1], second["drop"][[3, 4]] = 1, 1
    statistics = write(tmp_path, layout, [first, second]).statistics()
    early = statistics["drop.early"]
    assert early.mean[0] * early.count == pytest.approx(2)
    assert statistics["goal_pose.norm"].non_finite[0] == 0
    jump = statistics["step.jump"]
    assert (jump.minimum[0], jump.maximum[0]) == (-2, 2)
    assert statistics["object_pose.norm"].maximum[0] == pytest.approx(1.0, abs=1e-6)
    assert statistics["goal_pose.norm"].maximum[0] == pytest.approx(1.5, abs=1e-6)


def test_merge_refuses_another_layout(tmp_path: Path) -> None:
    layouts = [load(Config, [f"hand={h}"]).embodiment.make_layout() for h in ("allegro", "trident")]
    parts = [write(tmp_path / x.hand, x, [make_episode(x, 0)]) for x in layouts]
    with pytest.raises(EpisodesError, match="layout"):
        merge_manifests(parts)
    with pytest.raises(LayoutMismatch, match=parts[0].layout[:12]):
        read_manifest(tmp_path / "allegro", layouts[1])
    with pytest.raises(LayoutMismatch):
        open_shard(tmp_path / "allegro" / next(iter(parts[0].shards)), layouts[1])


def test_robot_recordings_need_no_privileged_fields(tmp_path: Path, layout: Layout) -> None:
    privileged = [name for name, field in layout.fields.items() if field.privileged]
    episode = make_episode(layout, 0)
    bare = {name: array for name, array in episode.items() if name not in privileged}
    manifest = write(tmp_path / "robot", layout, [bare], source="robot")
    assert manifest.fields == tuple(bare)
    assert manifest.dropped == 0
    with pytest.raises(EpisodesError, match=privileged[0]):
        write(tmp_path / "simulation", layout, [bare])
    with pytest.raises(EpisodesError, match=privileged[0]):
        write(tmp_path / "mixed", layout, [bare, make_episode(layout, 1)], source="robot")
    later = bare | {"episode": bare["episode"] + 1}
    with pytest.raises(EpisodesError, match=privileged[0]):
        write(tmp_path / "mixed", layout, [episode, later], source="robot")


def test_wrong_episodes_are_refused_in_one_line(tmp_path: Path, layout: Layout) -> None:
    good = make_episode(layout, 0)
    cases = {
        "joint_position": good["joint_position"].astype(np.float64),
        "keypoints": good["keypoints"][:, 1:],
        "action": good["action"][:-1],
        "clean": good["clean"].astype(np.int64),
        "episode": np.arange(40, dtype=np.int64),
        "unknown": good["clean"],
    }
    for name, array in cases.items():
        with pytest.raises(EpisodesError, match=name) as caught:
            write(tmp_path, layout, [good | {name: array}])
        assert "\n" not in str(caught.value)
    with pytest.raises(EpisodesError, match="mode: missing"):
        write(tmp_path, layout, [{k: v for k, v in good.items() if k != "mode"}])
    with pytest.raises(EpisodesError, match="grow"):
        write(tmp_path, layout, [good, good])


def test_unfinished_or_damaged_episodes_are_refused(tmp_path: Path, layout: Layout) -> None:
    manifest = write(tmp_path, layout, [make_episode(layout, 0)])
    (run,) = manifest.runs
    assert set(manifest_files(tmp_path)) == {"manifest.json", run.name, *manifest.shards}
    shard = tmp_path / next(iter(manifest.shards))
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(EpisodesError, match=shard.name):
        open_shard(shard)
    shard.write_bytes(b"\xff" * 50)
    with pytest.raises(EpisodesError, match=shard.name):
        open_shard(shard)
    EpisodeWriter(tmp_path, layout, SHARD_BYTES).append(make_episode(layout, 0))
    with pytest.raises(EpisodesError, match="never finished"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("[1")
    with pytest.raises(EpisodesError, match=r"manifest\.json"):
        read_manifest(tmp_path)


def test_no_episodes_is_a_manifest_too(tmp_path: Path, layout: Layout) -> None:
    empty = write(tmp_path / "empty", layout, [])
    full = write(tmp_path / "full", layout, [make_episode(layout, 0)])
    assert merge_manifests([empty, full]).rows == full.rows

"""LeRobot's own loader reads what was exported, frame by frame.

It runs where `lerobot` can be imported, or where DEXGEN_LEROBOT_PYTHON names a Python that can:
LeRobot's own pins do not fit ours (docs/data.md says what it was run with).
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from envs.episodes.episodes import read_manifest
from tests.tasks.data.committed import rows_of

READER = Path(__file__).with_name("read_lerobot.py")


@pytest.fixture(scope="module")
def python() -> str:
    chosen = os.environ.get("DEXGEN_LEROBOT_PYTHON", "")
    if not chosen and importlib.util.find_spec("lerobot") is None:
        pytest.skip("lerobot is not installed (docs/data.md)")
    return chosen or sys.executable


def read(python: str, folder: Path, scratch: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Return what the loader says of a folder, and its frames."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(scratch / "home")}
    done = subprocess.run(
        [python, str(READER), str(folder), str(scratch / "read.npz")],
        env=env | offline,
        cwd=scratch,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    arrays = dict(np.load(scratch / "read.npz"))
    return json.loads(str(arrays.pop("said"))), arrays


def test_frames_are_the_shards(python, exported, layout, tmp_path):
    said, frames = read(python, exported.folder, tmp_path)
    rows = rows_of(exported.episodes)
    same = {
        "observation.state": rows["joint_observation"],
        "observation.joint_target": rows["joint_target"],
        "observation.keypoints": rows["keypoints"].reshape(len(rows["step"]), -1),
        "action": rows["action"],
        "command": rows["command"],
        "joint_position": rows["joint_position"],
        "privileged.object_pose": rows["object_pose"],
        "privileged.goal_pose": rows["goal_pose"],
        "privileged.gravity": rows["gravity"],
        "object_index": rows["object"],
        "style_index": rows["style"],
        "mode_index": rows["mode"],
        "clean": rows["clean"] == 1,
        "next.drop": rows["drop"] == 1,
        "frame_index": rows["step"],
        "index": np.arange(len(rows["step"])),
        "timestamp": (rows["step"] / layout.control_hz).astype(np.float32),
    }
    for name, values in same.items():
        np.testing.assert_array_equal(frames[name], values, err_msg=name)
    words = np.array(layout.modes)[rows["mode"]]
    assert [text.split("mode ")[1].split(",")[0] for text in said["task"]] == words.tolist()
    assert said["fps"] == layout.control_hz
    assert said["episodes"] == read_manifest(exported.episodes).episodes
    assert said["names"] == list(layout.joint_names)
    mean = rows["joint_observation"].mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(said["mean"], mean, rtol=1e-9)


def test_its_windows_stay_inside_an_episode(python, exported, tmp_path):
    _, frames = read(python, exported.folder, tmp_path)
    state, first = frames["observation.state"], frames["frame_index"] == 0
    np.testing.assert_array_equal(frames["stacked"][:, 1], state)
    np.testing.assert_array_equal(frames["stacked"][~first, 0], state[np.flatnonzero(~first) - 1])
    np.testing.assert_array_equal(frames["padded"][:, 0], first)
    assert frames["chosen"].tolist() == [1, 3]


def test_robot_recordings_are_read_too(python, export, tmp_path):
    robot = export(source="robot")
    _, frames = read(python, robot.folder, tmp_path)
    assert not [n for n in frames if n.startswith("privileged.") or n == "next.drop"]
    np.testing.assert_array_equal(frames["action"], rows_of(robot.episodes)["action"])

"""The facts of LeRobot's dataset format v3.0 that an export needs, and statistics as it keeps them.

    meta/info.json                               counts, rate, features
    meta/stats.json                              of every feature over all frames
    meta/tasks.parquet                           what was to be done, in words
    meta/episodes/chunk-000/file-000.parquet     a row an episode: where it lies, its statistics
    data/chunk-000/file-000.parquet              a row a frame, many episodes a file

Source: huggingface/lerobot, src/lerobot/datasets/ (dataset_metadata.py, feature_utils.py,
compute_stats.py), version 0.6.2.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from configs.layout import Layout

VERSION = "v3.0"
FILES_PER_CHUNK = 1000
FILE_MB = 100  # [MB] of a data file, LeRobot's own default
FILE_PATTERN = "chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA, EPISODES = f"data/{FILE_PATTERN}", f"meta/episodes/{FILE_PATTERN}"
INFO, STATS, TASKS = "meta/info.json", "meta/stats.json", "meta/tasks.parquet"
QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
# What LeRobot adds to every dataset: name -> dtype, one number a frame.
INDICES = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
STATE, TARGET, KEYPOINTS = (
    "observation.state",
    "observation.joint_target",
    "observation.keypoints",
)
COMMAND, ACTION = "observation.command", "action"


def features(layout: Layout) -> dict[str, dict[str, Any]]:
    """Return info.json's description of every column; vectors are float32 and flat."""
    joints = list(layout.joint_names)
    points = [f"{name}.{axis}" for name in layout.keypoint_names for axis in "xyz"]
    vectors = {STATE: joints, TARGET: joints, KEYPOINTS: points, COMMAND: joints, ACTION: joints}
    found: dict[str, dict[str, Any]] = {
        name: {"dtype": "float32", "shape": [len(names)], "names": names}
        for name, names in vectors.items()
    }
    return found | {
        name: {"dtype": dtype, "shape": [1], "names": None} for name, dtype in INDICES.items()
    }


def info(layout: Layout, episodes: int, frames: int, tasks: int) -> dict[str, Any]:
    return {
        "codebase_version": VERSION,
        "robot_type": layout.hand,
        "total_episodes": episodes,
        "total_frames": frames,
        "total_tasks": tasks,
        "chunks_size": FILES_PER_CHUNK,
        "data_files_size_in_mb": FILE_MB,
        "video_files_size_in_mb": 200,  # LeRobot's own default; there are none
        "fps": round(layout.control_hz),
        "splits": {"train": f"0:{episodes}"},
        "data_path": DATA,
        "video_path": None,
        "features": features(layout),
    }


def task_of(mode: str, style: str) -> str:
    return f"Rotate the object in the hand as commanded ({mode} mode, {style} expert)"


def columns(arrays: Mapping[str, np.ndarray], layout: Layout) -> dict[str, np.ndarray]:
    """Return an episode's features [T, n] but the indices.

    The action is the joint target [rad] that came of the frame: the next frame's, or, in the last
    frame, what the frame's own action makes of the target.
    """
    target = arrays["joint_target"]
    lower, upper = np.array(layout.joint_lower), np.array(layout.joint_upper)
    last = np.clip(target[-1:] + layout.action_scale * arrays["action"][-1:], lower, upper)
    return {
        STATE: arrays["joint_observation"],
        TARGET: target,
        KEYPOINTS: arrays["keypoints"].reshape(len(target), -1),
        COMMAND: arrays["command"],
        ACTION: np.concatenate([target[1:], last]).astype(np.float32),
    }


def measure(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return an episode's statistics of one feature [T, n], as LeRobot names them."""
    exact = values.astype(np.float64)
    quantiles = np.quantile(exact, list(QUANTILES.values()), axis=0)
    return {
        "min": exact.min(axis=0),
        "max": exact.max(axis=0),
        "mean": exact.mean(axis=0),
        "std": exact.std(axis=0),
        "count": np.array([len(exact)]),
    } | dict(zip(QUANTILES, quantiles, strict=True))


def pool(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, list[float]]:
    """Return the statistics of all episodes together; quantiles are weighted means, as LeRobot's
    own are."""
    counts = np.concatenate([part["count"] for part in parts])
    weight = (counts / counts.sum())[:, None]
    means = np.stack([part["mean"] for part in parts])
    mean = (weight * means).sum(axis=0)
    within = np.stack([part["std"] for part in parts]) ** 2
    found = {
        "min": np.min([part["min"] for part in parts], axis=0),
        "max": np.max([part["max"] for part in parts], axis=0),
        "mean": mean,
        "std": np.sqrt((weight * (within + (means - mean) ** 2)).sum(axis=0)),
        "count": np.array([counts.sum()]),
    }
    for name in QUANTILES:
        found[name] = (weight * np.stack([part[name] for part in parts])).sum(axis=0)
    return {name: value.tolist() for name, value in found.items()}

"""Made-up episodes of a dataset's real size, for benchmarks: smooth joints, noisy observations."""

import multiprocessing
import time
from collections.abc import Mapping
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np

from configs.layout import Layout
from configs.schema.world import Embodiment
from envs.episodes.episodes import EpisodeWriter, Manifest
from models.kinematics import Kinematics

LENGTH = 200  # [frames] of an episode: 10 s at 20 Hz
MANY = 50  # episodes made at once
NOISE = 0.002  # [rad] of an observed joint
SHARD_BYTES = 64 * 2**20

Episode = dict[str, np.ndarray]


def make_episodes(embodiment: Embodiment, seed: int) -> list[Episode]:
    """Return MANY episodes whose joints wander inside their limits; every other one has noise."""
    layout, rng = embodiment.make_layout(), np.random.default_rng(seed)
    lower, upper = np.array(layout.joint_lower), np.array(layout.joint_upper)
    shape = (MANY, LENGTH, layout.num_joints)
    action = rng.uniform(-1.0, 1.0, (MANY, LENGTH // 20, layout.num_joints)).repeat(20, axis=1)
    dirty = np.arange(MANY) % 2 == 1
    action += dirty[:, None, None] * rng.uniform(-0.5, 0.5, shape)
    target = rng.uniform(lower, upper, (MANY, 1, layout.num_joints))
    target = np.clip(target + layout.action_scale * action.cumsum(axis=1), lower, upper)
    position = target - 0.4 * layout.action_scale * action  # lags behind
    frames = {
        "joint_position": position,
        "joint_observation": position + rng.normal(0.0, NOISE, shape),
        "joint_target": target,
        "keypoints": Kinematics(embodiment.hand).keypoints(position),
        "command": action,
        "action": action,
        "clean": np.repeat(~dirty[:, None], LENGTH, axis=1),
        "object_pose": np.broadcast_to([0.08, 0.0, 0.05, 1.0, 0.0, 0.0, 0.0], (MANY, LENGTH, 7)),
        "gravity": np.broadcast_to([0.0, 0.0, -9.81], (MANY, LENGTH, 3)),
    }
    return [
        whole(layout, LENGTH, {name: values[e] for name, values in frames.items()})
        for e in range(MANY)
    ]


def whole(layout: Layout, length: int, given: Mapping[str, Any]) -> Episode:
    """Return an episode with every field of the layout; those that are not given are 0."""
    rows = {n: np.zeros((length, *field.shape), field.dtype) for n, field in layout.fields.items()}
    rows["step"][:] = np.arange(length)
    for name, values in given.items():
        rows[name][:] = values
    return rows


def write(
    folder: Path, embodiment: Embodiment, frames: int, seed: int, ready: Barrier | None = None
) -> Manifest:
    """Write at least `frames` frames into `folder`; with a barrier, wait for the others first.

    With a barrier the same episodes are written again and again, so that writing alone is timed.
    """
    writer, count = EpisodeWriter(folder, embodiment.make_layout(), SHARD_BYTES), 0
    episodes = make_episodes(embodiment, seed)
    if ready is not None:
        ready.wait()
    while count * LENGTH < frames:
        if ready is None and count and count % MANY == 0:
            episodes = make_episodes(embodiment, seed + count)
        episode = episodes[count % MANY]
        episode["episode"][:] = count
        writer.append(episode)
        count += 1
    return writer.close()


def write_rate(folder: Path, embodiment: Embodiment, frames: int, processes: int) -> float:
    """Return frames a second that so many processes write, `frames` in all, statistics included."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes + 1)
    workers = [
        context.Process(
            target=write, args=(folder / str(i), embodiment, frames // processes, i, ready)
        )
        for i in range(processes)
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    started = time.perf_counter()
    for worker in workers:
        worker.join()
        if worker.exitcode != 0:
            raise SystemExit(f"a writer ended with exit code {worker.exitcode}")
    return frames / (time.perf_counter() - started)

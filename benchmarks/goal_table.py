"""What a large table of grasps costs: memory, and the time to choose all next goals."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from configs.schema.pipeline import Config
from envs.goals import GoalChoice, GraspTable
from envs.grasp_set import Contacts, GraspSet
from models.rotations import random_quaternions

ENVIRONMENTS, MANY, MILLION = 8192, 100_000, 1_000_000


def resident_mib(config: Config) -> float:
    """Return what a million grasps take in a table, in a process of their own [MiB]."""
    code = (
        "import sys, resource; from benchmarks.goal_table import load, Config, resident; "
        "print(resident(load(Config)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout.split()[-1])


def resident(config: Config) -> float:
    """Return how much joining a million grasps of four objects adds to this process's peak [MiB],
    their sets included.

    Not by getrusage: a child's peak begins there at its parent's.
    """
    names = ["box", "sphere", "cylinder", "capsule"]
    reset_peak()
    before = peak_kib()
    sets = [made_up(config, MILLION // len(names), name) for name in names]
    table = GraspTable.join(sets, names)
    assert len(table.joint_position) == MILLION
    added = peak_kib() - before
    tensors = (value for value in vars(table).values() if isinstance(value, torch.Tensor))
    assert added * 1024 > sum(value.nbytes for value in tensors)
    return added / 1024.0


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): the peak becomes the present size


def peak_kib() -> int:
    """Return the peak resident size of this process since it was reset [KiB] (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def made_up(config: Config, count: int, name: str = "box") -> GraspSet:
    """Return grasps of no sense but the size of real ones, with goals among those beside them."""
    layout, rng = config.embodiment.make_layout(), np.random.default_rng(0)
    fingers, joints = layout.num_tips, layout.num_joints
    near = np.arange(count)[:, None] + 1 + np.arange(config.task.goals.neighbours)
    place = rng.uniform(0.0, 0.05, (count, 3))
    return GraspSet(
        object=name,
        joint_position=rng.random((count, joints), dtype=np.float32),
        joint_target=rng.random((count, joints), dtype=np.float32),
        object_pose=np.concatenate([place, random_quaternions(rng, count)], 1, dtype=np.float32),
        contacts=Contacts(
            finger=np.ones((count, fingers), np.int8),
            link=np.ones((count, fingers), np.int8),
            point=np.ones((count, fingers, 3), np.float32),
            normal=np.ones((count, fingers, 3), np.float32),
            force=np.ones((count, fingers), np.float32),
        ),
        quality=np.zeros(count, np.float32),
        parent=np.full(count, -1, np.int32),
        neighbours=(near % count).astype(np.int32),
    )


def next_goal_ms(config: Config, repeats: int = 50) -> float:
    """Return the median time for all environments to take a next goal [ms]."""
    table = GraspTable.join([made_up(config, MANY)], ["box"])
    choice = GoalChoice(config.task.goals, table, config.control.hz, ENVIRONMENTS)
    ids = torch.arange(ENVIRONMENTS)
    rng = torch.Generator().manual_seed(0)

    def uniform() -> torch.Tensor:
        return torch.rand(ENVIRONMENTS, generator=rng)

    rows = table.draw_start(torch.zeros(ENVIRONMENTS, dtype=torch.int64), uniform())
    choice.start(ids, rows, table.object_pose[rows], uniform())
    times = []
    for _ in range(repeats):
        pose, draw = table.object_pose[choice.goal], uniform()
        choice.stay[:] = choice.dwell  # every goal is reached
        started = time.perf_counter()
        choice.advance(ids, pose, draw)
        times.append(time.perf_counter() - started)
    return 1e3 * float(np.median(times))

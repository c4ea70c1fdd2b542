"""What a large table of grasps costs: memory, and the time to choose all next goals."""

import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.measuring import peak_mib
from configs.schema.pipeline import Config
from configs.schema.skills import Anygrasp
from envs.goals.anygrasp import AnygraspGoals
from envs.goals.goals import Moment, Setting
from envs.goals.table import GraspTable
from envs.grasp_set import Contacts, GraspSet
from models.kinematics import Kinematics
from models.rotations import random_quaternions

ENVIRONMENTS, MANY, MILLION, REPEATS = 8192, 100_000, 1_000_000, 50


def resident_mib(config: Config) -> float:
    """Return how much joining a million grasps of four objects adds to this process's peak [MiB],
    their sets included."""
    names = ["box", "sphere", "cylinder", "capsule"]
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): the peak becomes the present size
    before = peak_mib()
    table = GraspTable.join([made_up(config, MILLION // len(names), name) for name in names], names)
    assert len(table.joint_position) == MILLION
    return peak_mib() - before


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


def next_goal_ms(config: Config) -> float:
    """Return the median time for all environments to take a next goal [ms]."""
    table = GraspTable.join([made_up(config, MANY)], ["box"])
    setting = Setting(
        world=config.world,
        layout=config.embodiment.make_layout(),
        kinematics=Kinematics(config.hand),
        table=table,
        objects=[],
        object_index=torch.zeros(ENVIRONMENTS, dtype=torch.int64),
        object_scale=torch.ones(ENVIRONMENTS),
    )
    skill = config.task.skill
    assert isinstance(skill, Anygrasp)
    goals = AnygraspGoals(setting, skill)
    ids = torch.arange(ENVIRONMENTS)
    rng = torch.Generator().manual_seed(0)

    def uniform() -> torch.Tensor:
        return torch.rand(ENVIRONMENTS, goals.draws, generator=rng)

    goals.start(ids, table.draw_start(setting.object_index, uniform()[:, 0]), uniform())
    times = []
    for _ in range(REPEATS):
        moment, draw = Moment(goals.pose, goals.joints, goals.joint_target), uniform()
        goals.stay[:] = goals.dwell  # every goal is reached
        started = time.perf_counter()
        goals.advance(ids, moment, draw)
        times.append(time.perf_counter() - started)
    return 1e3 * float(np.median(times))

"""A round of practice: spoilt commands answered by student or teacher, and the lessons from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from configs.files import replacing
from configs.schema.student import DistillStep
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.shapes.objects import ObjectModel
from envs.streams import derive_seed
from models.student import Student
from tasks.commanders.perturbations import Situation
from tasks.distillation.reader import Reader
from tasks.distillation.speakers import Speakers
from tasks.experts.policy import Expert

Teacher = Callable[[ManipulationEnv], Tensor]  # clean actions [N, n]


@dataclass(frozen=True)
class ReadingLessons:
    """What R control steps teach; features in half precision, they are the bulk."""

    features: Tensor  # [R, width] float16 (models/memory.py)
    action: Tensor  # [R, n] float16, what was meant
    way: Tensor  # [R, n] float16, to the goal's targets in steps of action 1

    def __len__(self) -> int:
        return len(self.action)

    def save(self, path: Path) -> None:
        """Write one file, whole or not at all."""
        with replacing(path) as temporary:
            save_file(vars(self), temporary)

    @staticmethod
    def load(path: Path) -> "ReadingLessons":
        return ReadingLessons(**load_file(path))


def practise(
    config: DistillStep,
    number: int,
    objects: Sequence[ObjectModel],
    grasps: Sequence[GraspSet],
    experts: Sequence[Expert],
    student: Student,
    threads: int | None,
    progress: Callable[[int], None],
) -> tuple[ReadingLessons, dict[str, float]]:
    """Return the lessons of round `number`, and its figures: error of what was read before
    anything was learnt from it, drops a minute.

    Teachers are the script and every expert that is better, dealt out to the environments in turn.
    """
    settings = config.distill
    seed = derive_seed(config.seed, "distill", "round", number)
    world = config.world  # no episode ends in time
    env = ManipulationEnv(
        replace(world, task=replace(world.task, episode_s=settings.round_s + 1.0)),
        objects,
        grasps,
        num_envs=settings.environments,
        seed=seed,
        style=next(iter(world.task.styles)),  # it shapes the reward only, which nobody reads
        threads=threads,
    )
    script = experts[0].config.script
    teachers: list[Teacher] = [lambda env: env.scripted_action(script)]
    teachers += [expert for expert in experts if expert.admitted]
    rng = np.random.default_rng(derive_seed(seed, "speakers"))
    speakers = Speakers(settings, config.world.embodiment, student_share(config, number), rng)
    steps = round(settings.round_s * env.layout.control_hz)
    try:
        return record(env, teachers, speakers, student, steps, progress)
    finally:
        env.close()


def student_share(config: DistillStep, number: int) -> float:
    """Return the share of spells in which the student acts; in the first round it knows nothing."""
    if number == 0:
        return 0.0
    first, last = config.distill.acts
    return first + (last - first) * (number - 1) / max(config.distill.rounds - 2, 1)


@torch.no_grad()
def record(
    env: ManipulationEnv,
    teachers: Sequence[Teacher],
    speakers: Speakers,
    student: Student,
    steps: int,
    progress: Callable[[int], None],
) -> tuple[ReadingLessons, dict[str, float]]:
    """Let student and teachers act for `steps` control steps and write down what was meant."""
    count, n = env.num_envs, env.num_actions
    taught = torch.arange(count) // env.table.count.numel() % len(teachers)
    reader = Reader(student, count)
    features = torch.empty(steps, count, student.memory.width, dtype=torch.float16)
    action = torch.empty(steps, count, n, dtype=torch.float16)
    way = torch.empty_like(action)
    error, drops = 0.0, 0
    for step in range(steps):
        offered = torch.stack([teacher(env) for teacher in teachers])
        clean = offered[taught, torch.arange(count)]
        spoken = speakers.step(situation(env, clean))
        features[step] = reader.hear(env, torch.from_numpy(spoken.command))
        read = student.act(features[step].float())
        meant = torch.from_numpy(spoken.meant)
        action[step] = meant
        way[step] = (env.goal_joint_target - env.joint_target) / env.layout.action_scale
        error += float((read - meant).square().mean())
        acted = torch.where(torch.from_numpy(spoken.practising)[:, None], read, meant)
        _, _, _, extras = env.step(acted)
        drops += int(extras["dropped"].sum())
        progress(step + 1)
    lessons = ReadingLessons(features.flatten(0, 1), action.flatten(0, 1), way.flatten(0, 1))
    minutes = steps * env.dt * count / 60.0
    return lessons, {"error": error / steps, "drops_per_min": drops / minutes}


def situation(env: ManipulationEnv, clean: Tensor) -> Situation:
    """Return what the operators see, arrays [1, N, ...]."""
    return Situation(
        clean=clean.numpy()[None],
        target=env.joint_target.numpy()[None],
        position=env.joint_observation.numpy()[None],
        goal_target=env.goal_joint_target.numpy()[None],
        started=env.started.numpy()[None],
        touching=env.touching.numpy()[None],
    )

"""The step `rollouts`: an expert under bad commands, cut into episodes, filtered, published."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from configs.errors import UserError
from configs.layout import Layout
from configs.refs import Ref
from configs.schema.rollouts import RolloutsStep
from envs.manipulation import ManipulationEnv
from tasks.distillation.distill import STUDENTS
from tasks.distillation.reader import Reader
from tasks.experts.experts import GRASPS, open_task
from tasks.experts.policy import load_expert
from tasks.rollouts.bursts import deal_assisted
from tasks.rollouts.collecting import Scene, Source, publish_chunks
from tasks.running.context import Context


def rollouts(config: RolloutsStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish episode shards and their manifest (envs/episodes/episodes.py) of one style's expert.

    Raises:
        UserError: unknown style or mode, no episode was kept, or an expert cannot be used.
    """
    embodiment, settings = config.world.embodiment, config.rollouts
    layout = embodiment.make_layout()
    mode = mode_of(settings.modes, config.style, layout)
    source = Source(config.style, {"mode": mode}, config.seed, embodiment.hand, layout)
    torch.set_num_threads(settings.threads)

    @cache
    def opened():
        student = STUDENTS.read(context.open(refs["student"]), layout)
        return (
            *open_task(layout, refs, context),
            load_expert(context.open(refs["expert"]), layout),
            student,
        )

    def scene(seed: int) -> Scene:
        objects, grasps, expert, student = opened()
        env = ManipulationEnv(
            config.world,
            objects,
            grasps,
            num_envs=settings.environments,
            seed=seed,
            style=config.style,
            threads=context.threads,
        )
        block = len(settings.levels) * len(objects)
        assisted = deal_assisted(settings.assisted, block, settings.environments)
        part = StudentsPart(Reader(student, env.num_envs), torch.from_numpy(assisted))
        return Scene(env, expert, part.action)

    count = sum(name.startswith(GRASPS) for name in refs)
    return publish_chunks(source, settings, count, scene, refs, context)


def mode_of(modes: Mapping[str, str], style: str, layout: Layout) -> int:
    """Return the index of the mode that this style's frames are labelled with."""
    if style not in modes:
        raise UserError(f"rollouts: modes: {style!r} has no mode; set rollouts.modes.{style}")
    if modes[style] not in layout.modes:
        raise UserError(
            f"rollouts: modes.{style}: unknown mode {modes[style]!r}; "
            f"one of {', '.join(layout.modes)}"
        )
    return layout.modes.index(modes[style])


@dataclass(frozen=True)
class StudentsPart:
    """A student that reads bad commands, and the environments [N] in which it acts."""

    reader: Reader
    assisted: torch.Tensor  # [N] bool

    def action(self, env: ManipulationEnv, command: np.ndarray, bad: np.ndarray) -> torch.Tensor:
        """Return what is executed [N, n]: a bad command as read where it is assisted."""
        said = torch.from_numpy(command)
        read = self.reader.read(env, said)
        return torch.where((self.assisted & torch.from_numpy(bad))[:, None], read, said)

"""The step `skills`: the script follows free fingers, or turns finely, under bad commands."""

from collections.abc import Mapping
from functools import cache

import torch

from configs.refs import Ref
from configs.schema.skill_rollouts import SkillsStep
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.shapes.objects import ObjectModel
from tasks.experts.experts import GRASPS, open_task
from tasks.rollouts.collecting import Scene, Source, as_it_is, publish_chunks
from tasks.rollouts.rollouts import mode_of
from tasks.running.context import Context


def skills(config: SkillsStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish episode shards and their manifest, as `rollouts` does, of one skill's script.

    Raises:
        UserError: unknown mode, or no episode was kept.
    """
    embodiment, settings = config.world.embodiment, config.rollouts
    layout = embodiment.make_layout()
    labels = {"style": config.number, "mode": mode_of(settings.modes, config.skill, layout)}
    source = Source(config.skill, labels, config.seed, embodiment.hand, layout)
    torch.set_num_threads(settings.threads)

    @cache
    def opened() -> tuple[list[ObjectModel], list[GraspSet]]:
        return open_task(layout, refs, context)

    def scene(seed: int) -> Scene:
        env = ManipulationEnv(
            config.world,
            *opened(),
            num_envs=settings.environments,
            seed=seed,
            style=next(iter(config.world.task.styles)),  # it shapes the reward only
            threads=context.threads,
        )
        return Scene(env, lambda env: env.scripted_action(config.script), as_it_is)

    count = sum(name.startswith(GRASPS) for name in refs)
    return publish_chunks(source, settings, count, scene, refs, context)

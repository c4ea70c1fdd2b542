"""The step `turns`: the planned expert turns objects, regrasp by regrasp, under bad commands."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import torch

from configs.refs import Ref
from configs.schema.turns import PLANNED, TurnsStep
from envs.grasp_graph import GraspGraph
from envs.shapes.objects import ObjectModel
from envs.turning import TurnAfterTurn
from tasks.experts.planned import PlannedExpert
from tasks.grasps.problem import Problem
from tasks.objects import open_objects
from tasks.regrasps.gait import Planner
from tasks.regrasps.routing import Router
from tasks.rollouts.collecting import Scene, Source, as_it_is, publish_chunks
from tasks.rollouts.rollouts import mode_of
from tasks.running.context import Context

GRAPHS = "regrasps/"  # prefix of the references to grasp graphs; the object's name follows


def turns(config: TurnsStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish episode shards and their manifest, as `rollouts` does, of the expert that plans.

    Raises:
        UserError: unknown mode, no episode was kept, or a graph cannot be used.
    """
    embodiment, settings = config.world.embodiment, config.turns.rollouts
    layout = embodiment.make_layout()
    names = sorted(name.removeprefix(GRAPHS) for name in refs if name.startswith(GRAPHS))
    paces = deal_paces(config.turns.paces, len(names), settings.environments)
    mode = np.array([mode_of(settings.modes, pace, layout) for pace in paces])
    source = Source(PLANNED, {"mode": mode}, config.seed, embodiment.hand, layout)
    torch.set_num_threads(settings.threads)

    @cache
    def opened() -> tuple[list[ObjectModel], list[Router], list[Planner]]:
        models, metric = open_objects(refs, context), config.grasps.metric
        routers, planners = [], []
        for name in names:
            problem = Problem.of(embodiment, models[name])
            graph = GraspGraph.load(context.open(refs[GRAPHS + name]), layout, metric)
            routers.append(Router(problem, graph))
            rest = config.world.physics, config.regrasps, config.grasps, config.seed
            planners.append(Planner(problem, *rest))
        return [models[name] for name in names], routers, planners

    def scene(seed: int) -> Scene:
        objects, routers, planners = opened()
        env = TurnAfterTurn(
            config.world,
            objects,
            [router.graph.grasps for router in routers],
            num_envs=settings.environments,
            seed=seed,
            style=next(iter(config.world.task.styles)),
            threads=context.threads,
        )
        env.ask(config.turns.goals)
        servo = config.regrasps.servo
        slower = np.array([config.turns.paces[pace] for pace in paces])
        planned = PlannedExpert(planners, routers, config.planned, servo, env, seed, slower)
        return Scene(env, lambda _: planned(env.goal), as_it_is)

    return publish_chunks(source, settings, len(names), scene, refs, context)


def deal_paces(paces: Mapping[str, float], objects: int, count: int) -> list[str]:
    """Return each environment's pace [N]: every object, dealt out in turn, has every pace."""
    return [list(paces)[row // objects % len(paces)] for row in range(count)]

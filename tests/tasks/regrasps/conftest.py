"""One small graph of a sphere in the Allegro hand, grown once."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pytest

from configs.load import load
from configs.refs import Ref
from configs.schema.pipeline import Config
from configs.schema.regrasps import RegraspsStep
from envs.grasp_graph import GraspGraph
from envs.shapes.objects import ObjectModel
from flows.plan import regrasps_step
from tasks.grasps.grasps import grasps
from tasks.grasps.problem import Problem
from tasks.regrasps.regrasps import regrasps
from tests.tasks.grasps.setting import make_context, make_step, publish_objects, tiny

OBJECT = "sphere"


@dataclass(frozen=True)
class Grown:
    """What a small run left behind."""

    config: Config
    step: RegraspsStep
    problem: Problem
    refs: dict[str, Ref]
    home: Path
    folder: Path
    graph: GraspGraph


def small_step(config: Config, edges: int) -> RegraspsStep:
    """Return the step with a small graph."""
    step = regrasps_step(config, OBJECT)
    growth = dataclasses.replace(step.regrasps.growth, edges=edges)
    regrasps = dataclasses.replace(step.regrasps, growth=growth)
    return dataclasses.replace(step, regrasps=regrasps, seed=0)


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    config = load(Config, ["profile=smoke", "hand=allegro"])
    home = tmp_path_factory.mktemp("regrasps")
    refs = {"objects/all": publish_objects(config, home)}
    seeds = tiny(config.grasps, count=20, sampled=4)
    made = grasps(make_step(config, OBJECT, seeds), refs, make_context(home, "grasps"))
    refs[f"grasps/{OBJECT}"] = made
    step = small_step(config, edges=40)
    context = make_context(home, "regrasps")
    refs[f"regrasps/{OBJECT}"] = regrasps(step, refs, context)
    folder = context.open(refs[f"regrasps/{OBJECT}"])
    problem = Problem.of(config.embodiment, ObjectModel(config.objects.items[OBJECT]))
    graph = GraspGraph.load(folder, config.embodiment.make_layout(), step.grasps.metric)
    return Grown(config, step, problem, refs, home, folder, graph)

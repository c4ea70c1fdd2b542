"""Which steps make up a run: the wiring, as data.

A node names its step, its own part of the configuration, and whose references go in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from configs.schema.check import CheckStep
from configs.schema.evaluate import EvaluateStep
from configs.schema.experts import ExpertStep
from configs.schema.export import ExportStep
from configs.schema.grasps import GraspsStep
from configs.schema.objects import ObjectsStep
from configs.schema.pipeline import Config
from configs.schema.promote import PromoteStep
from configs.schema.rollouts import RolloutsStep
from configs.schema.train import TrainStep

STAGES = (
    "objects",
    "grasps",
    "experts",
    "rollouts",
    "check",
    "train",
    "export",
    "evaluate",
    "promote",
)


@dataclass(frozen=True)
class Node:
    """One step of a run; its step is the stage that it belongs to.

    `label` is its name for people; `inputs` maps the step's names of its references to the
    labels of the nodes that make them.
    """

    step: str
    label: str
    config: Any
    inputs: Mapping[str, str]


def plan(config: Config, until: str = STAGES[-1]) -> list[Node]:
    """Return the nodes of a run up to and with a stage, each after the nodes it needs."""
    wanted = STAGES[: STAGES.index(until) + 1]
    nodes = [*world_nodes(config), *model_nodes(config)]
    return [node for node in nodes if node.step in wanted]


def world_nodes(config: Config) -> Iterator[Node]:
    """Yield what runs in simulation, until there are episodes."""
    yield Node("objects", "objects", ObjectsStep(objects=config.objects), {})
    for name in config.objects.items:
        grasps = GraspsStep(
            embodiment=config.embodiment,
            physics=config.physics,
            randomization=config.randomization,
            goals=config.task.goals,
            grasps=config.grasps,
            object=name,
            seed=config.seed,
        )
        yield Node("grasps", f"grasps/{name}", grasps, {"objects": "objects"})
    inputs = {"objects": "objects"} | training_grasps(config)
    common = {"world": config.world, "seed": config.seed}
    for style in config.task.styles:
        expert = ExpertStep(style=style, experts=config.experts, **common)
        yield Node("experts", f"experts/{style}", expert, inputs)
        rollouts = RolloutsStep(style=style, rollouts=config.rollouts, **common)
        expert_input = {"expert": f"experts/{style}"}
        yield Node("rollouts", f"rollouts/{style}", rollouts, inputs | expert_input)


def model_nodes(config: Config) -> Iterator[Node]:
    """Yield what follows from the episodes, until a model is promoted."""
    common = {"embodiment": config.embodiment, "seed": config.seed}
    grasps = training_grasps(config)
    rollouts = {f"rollouts/{style}": f"rollouts/{style}" for style in config.task.styles}
    yield Node("check", "check", CheckStep(check=config.check, **common), rollouts)
    yield Node("train", "train", TrainStep(train=config.train, **common), {"dataset": "check"})
    export = ExportStep(export=config.export, **common)
    inputs = {"controller": "train", "objects": "objects"} | grasps
    yield Node("export", "export", export, inputs)
    evaluate = EvaluateStep(world=config.world, evaluate=config.evaluate, seed=config.seed)
    inputs = {"bundle": "export", "objects": "objects"} | every_grasps(config) | experts(config)
    yield Node("evaluate", "evaluate", evaluate, inputs)
    inputs = {"bundle": "export", "evaluation": "evaluate", "dataset": "check"}
    inputs |= {"controller": "train"} | grasps | experts(config)
    yield Node("promote", "promote", PromoteStep(promote=config.promote), inputs)


def every_grasps(config: Config) -> dict[str, str]:
    return {f"grasps/{name}": f"grasps/{name}" for name in config.objects.items}


def training_grasps(config: Config) -> dict[str, str]:
    """Return the grasps of the training objects: no training step sees a held-out one."""
    held_out = {f"grasps/{name}" for name, item in config.objects.items.items() if item.held_out}
    return {name: label for name, label in every_grasps(config).items() if name not in held_out}


def experts(config: Config) -> dict[str, str]:
    return {f"expert/{style}": f"experts/{style}" for style in config.task.styles}

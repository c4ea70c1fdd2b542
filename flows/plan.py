"""Which steps make up a run: the wiring, as data.

A node names its step, its own part of the configuration, and whose references go in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from configs.load import ConfigError
from configs.schema.check import CheckStep
from configs.schema.critic import CriticStep
from configs.schema.evaluate import (
    CalibrateStep,
    EvaluateStep,
    check_pairs,
    for_baselines,
    for_calibration,
)
from configs.schema.experts import ExpertStep
from configs.schema.export import ExportStep
from configs.schema.grasps import GraspsStep
from configs.schema.objects import ObjectStep
from configs.schema.pipeline import Config
from configs.schema.promote import PromoteStep
from configs.schema.regrasps import RegraspsStep
from configs.schema.rollouts import RolloutsStep
from configs.schema.skill_rollouts import SkillsStep
from configs.schema.student import DistillStep
from configs.schema.train import TrainStep
from configs.schema.turns import TurnsStep
from flows.stages import PER_OBJECT, STAGES


@dataclass(frozen=True)
class Node:
    """One step of a run; its step is the stage that it belongs to.

    `label` is its name for people; `inputs` maps the step's names of its references to the
    labels of the nodes that make them. `after` are labels of nodes that it needs nothing of, and
    still waits for: it can run beside what comes then.
    """

    step: str
    label: str
    config: Any
    inputs: Mapping[str, str]
    after: tuple[str, ...] = ()


def plan(config: Config, until: str = STAGES[-1], only: Sequence[str] = ()) -> list[Node]:
    """Return the nodes of a run up to and with a stage, each after the nodes it needs.

    `only` leaves the other objects out, where no more is asked for than stages of single objects.

    Raises:
        ConfigError: what is evaluated does not fit the objects; better said before the night.
    """
    before = STAGES[: STAGES.index(until)]
    wanted = {*before, until}
    if "experts" in wanted and not training_objects(config):
        raise ConfigError("objects: every object is held out; experts need a training one")
    check_meshes(config)
    if "rollouts" in wanted:
        check_styles(config)
    if "baselines" in wanted:
        check_pairs(config.evaluate, list(config.objects.members.values()))
    nodes = [*world_nodes(config), *model_nodes(config)]
    chosen = set(only) or set(config.objects.members)
    used = {f"regrasps/{name}" for name in training_names(config)}  # a held-out object's is not
    return [
        node
        for node in nodes
        if node.step in wanted
        and (node.step not in PER_OBJECT or node.label.split("/")[1] in chosen)
        and (node.step != "regrasps" or until == "regrasps" or node.label in used)
    ]


def check_meshes(config: Config) -> None:
    """Refuse a mesh that is not there before anything else is made."""
    for name, item in config.objects.items.items():
        if item.mesh is not None and not Path(item.mesh.file).is_file():
            key = f"objects.items.{name}.shape.file"
            raise ConfigError(f"{key}: there is no file {item.mesh.file}")


def check_styles(config: Config) -> None:
    """Refuse modes and styles that do not exist, wherever one names the other."""
    modes, styles = config.layout.modes, config.task.styles
    named = {f"rollouts.modes.{style}": mode for style, mode in config.rollouts.modes.items()}
    named |= {f"hazards.modes.{style}": mode for style, mode in config.hazards.modes.items()}
    named |= {f"turns.rollouts.modes.{s}": m for s, m in config.turns.rollouts.modes.items()}
    named |= {f"skills.rollouts.modes.{s}": m for s, m in config.skills.rollouts.modes.items()}
    named |= {f"evaluate.experts.{style}": mode for style, mode in config.evaluate.experts.items()}
    for key, mode in named.items():
        if mode not in modes:
            raise ConfigError(f"{key}: unknown mode {mode!r}; one of {', '.join(modes)}")
    for style in config.evaluate.experts:
        if style not in styles:
            raise ConfigError(
                f"evaluate.experts: unknown style {style!r}; one of {', '.join(styles)}"
            )
    if len(set(config.styles)) < len(config.styles):
        raise ConfigError(
            f"task.styles and skills.tasks: {', '.join(config.styles)}: a name twice; use another"
        )
    for style in styles:
        if style not in config.rollouts.modes or style not in config.hazards.modes:
            raise ConfigError(f"rollouts.modes and hazards.modes: give the style {style!r} a mode")


def world_nodes(config: Config) -> Iterator[Node]:
    """Yield what runs in simulation, until there are episodes."""
    for name, item in config.objects.members.items():
        step = ObjectStep(item=item, limits=config.objects.limits)
        yield Node("objects", f"objects/{name}", step, {})
        grasps = grasps_step(config, name)
        yield Node("grasps", f"grasps/{name}", grasps, same(f"objects/{name}"))
    inputs = training_objects(config)
    common = {"world": config.world, "seed": config.seed}
    for style in config.task.styles:
        expert = ExpertStep(style=style, experts=config.experts, **common)
        yield Node("experts", f"experts/{style}", expert, inputs)
    distill = DistillStep(
        world=config.world,
        distill=config.distill,
        seed=config.seed,
        training_seed=config.training_seed,
    )
    yield Node("distill", "distill", distill, inputs | experts(config))
    for name in config.objects.members:  # beside the distillation, which leaves a core idle
        grown = same(f"objects/{name}", f"grasps/{name}")
        yield Node("regrasps", f"regrasps/{name}", regrasps_step(config, name), grown)
    graphs = same(
        *(f"{part}/{n}" for part in ("objects", "regrasps") for n in training_names(config))
    )
    yield Node("turns", "turns", turns_step(config), graphs)
    for skill in config.skills.tasks:
        yield Node("skills", f"skills/{skill}", skills_step(config, skill), inputs)
    for style in config.task.styles:
        rollouts = RolloutsStep(style=style, rollouts=config.rollouts, **common)
        expert_input = {"expert": f"experts/{style}", "student": "distill"}
        yield Node("rollouts", f"rollouts/{style}", rollouts, inputs | expert_input)


def grasps_step(config: Config, name: str) -> GraspsStep:
    """Return what the grasps of the object `name` depend on."""
    return GraspsStep(
        embodiment=config.embodiment,
        physics=config.physics,
        randomization=config.randomization,
        # grasps do not depend on how a goal is judged in time
        goals=replace(config.task.goals, dwell_s=0.0, timeout_s=1.0),
        grasps=config.grasps,
        object=name,
        seed=config.seed,
    )


def regrasps_step(config: Config, name: str) -> RegraspsStep:
    """Return what the grasp graph of the object `name` depends on."""
    return RegraspsStep(
        embodiment=config.embodiment,
        physics=config.physics,
        randomization=config.randomization,
        grasps=config.grasps,
        regrasps=config.regrasps,
        object=name,
        seed=config.seed,
    )


def turns_step(config: Config) -> TurnsStep:
    """Return what the planned expert's rollouts depend on."""
    return TurnsStep(
        world=config.world,
        grasps=config.grasps,
        regrasps=config.regrasps,
        planned=config.planned,
        turns=config.turns,
        seed=config.seed,
    )


def skills_step(config: Config, skill: str) -> SkillsStep:
    """Return what one skill's rollouts depend on."""
    return SkillsStep(
        world=replace(config.world, task=config.skills.tasks[skill]),
        skill=skill,
        number=config.styles.index(skill),
        script=config.skills.scripts[skill],
        rollouts=config.skills.rollouts,
        seed=config.seed,
    )


def model_nodes(config: Config) -> Iterator[Node]:
    """Yield what follows from the episodes, until a model is promoted."""
    common = {"embodiment": config.embodiment, "seed": config.seed}
    objects = training_objects(config)
    skills = (f"skills/{skill}" for skill in config.skills.tasks)
    rollouts = (f"rollouts/{style}" for style in config.task.styles)
    yield Node("check", "check", check_step(config), same("turns", *skills, *rollouts))
    learning: dict[str, Any] = common | {"seed": config.training_seed}
    yield Node("train", "train", TrainStep(train=config.train, **learning), {"dataset": "check"})
    yield from hazard_nodes(config)
    hazards = same(*(f"hazards/{style}" for style in config.task.styles))
    yield Node("critic", "critic", CriticStep(critic=config.critic, **learning), hazards)
    networks = {"controller": "train", "critic": "critic", "student": "distill"}
    calibrate = CalibrateStep(
        world=config.world,
        evaluate=for_calibration(config.evaluate),
        sampling=config.export.sampling,
        activity=config.export.activity,
        seed=config.seed,
    )
    yield Node("calibrate", "calibrate", calibrate, networks | objects | experts(config))
    export = ExportStep(export=config.export, **common)
    yield Node("export", "export", export, networks | {"calibration": "calibrate"} | objects)
    world = {"world": config.world, "seed": config.seed}
    judged = every_object(config) | experts(config)
    baselines = EvaluateStep(evaluate=for_baselines(config.evaluate), **world)
    yield Node("baselines", "baselines", baselines, judged)
    evaluate = EvaluateStep(evaluate=config.evaluate, **world)
    inputs = {"bundle": "export", "baselines": "baselines"} | judged
    yield Node("evaluate", "evaluate", evaluate, inputs)
    inputs = {"bundle": "export", "evaluation": "evaluate", "dataset": "check"}
    inputs |= {"controller": "train"} | objects | experts(config)
    yield Node("promote", "promote", PromoteStep(promote=config.promote), inputs)


def hazard_nodes(config: Config) -> Iterator[Node]:
    """Yield the hazards, one after the other, and none before there is a dataset to train on:
    the training uses one core, and they the other."""
    after = "check"
    for style in config.task.styles:
        step = RolloutsStep(
            style=style, rollouts=config.hazards, world=config.world, seed=config.seed
        )
        inputs = training_objects(config) | {"expert": f"experts/{style}", "student": "distill"}
        yield Node("hazards", f"hazards/{style}", step, inputs, (after,))
        after = f"hazards/{style}"


def every_object(config: Config) -> dict[str, str]:
    """Return the objects and their grasps, held-out ones included."""
    return same(
        *(f"{part}/{name}" for part in ("objects", "grasps") for name in config.objects.members)
    )


def training_objects(config: Config) -> dict[str, str]:
    """Return the training objects and their grasps: no training step sees a held-out one."""
    items = config.objects.members
    return {
        name: label
        for name, label in every_object(config).items()
        if not items[name.split("/")[1]].held_out
    }


def training_names(config: Config) -> list[str]:
    """Return the names of the objects that are not held out."""
    return [name for name, item in config.objects.members.items() if not item.held_out]


def check_step(config: Config) -> CheckStep:
    """Return what the check depends on; the frames' object indices count the training objects."""
    items = config.objects.members
    return CheckStep(
        embodiment=config.embodiment,
        check=config.check,
        objects=tuple(sorted(name for name, item in items.items() if not item.held_out)),
        styles=config.styles,
        seed=config.seed,
    )


def experts(config: Config) -> dict[str, str]:
    return {f"expert/{style}": f"experts/{style}" for style in config.task.styles}


def same(*labels: str) -> dict[str, str]:
    """Return inputs that a step knows under the labels of the nodes that make them."""
    return {label: label for label in labels}

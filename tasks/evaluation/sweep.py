"""The step `evaluate`: measure the exported controller under every perturbation."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from configs.layout import Layout
from configs.refs import Ref
from configs.schema.evaluate import SPLITS, Evaluate, EvaluateStep, check_pairs, split_of
from configs.schema.objects import Object
from configs.schema.world import World
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.objects import ObjectModel
from envs.streams import derive_seed
from models.bundle import Bundle, open_bundle
from models.kinematics import Kinematics
from models.session import Session
from tasks.context import Context
from tasks.evaluation.commanders import make_commander
from tasks.evaluation.intention import IntentionMeter
from tasks.evaluation.results import report_of
from tasks.evaluation.variants import Answers, guidances
from tasks.evaluation.window import Arrangement, Window
from tasks.objects import open_objects
from tasks.policy import load_expert


class EvaluationError(ValueError):
    """An evaluation that cannot be made; one line that names what is missing."""


@dataclass(frozen=True)
class Inputs:
    """Everything that an evaluation reads, opened and verified."""

    layout: Layout
    bundle: Bundle
    objects: list[ObjectModel]
    grasps: list[GraspSet]
    experts: dict[str, Path]  # style -> artifact folder, by name
    catalogue: list[Object]  # every object of the run, judged or not

    @property
    def specs(self) -> list[Object]:
        return [model.spec for model in self.objects]


def evaluate(config: EvaluateStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Run all windows and publish evaluation.json and counts.safetensors.

    A window depends on its own seed only, and its counts are kept in scratch: a killed
    evaluation goes on with the next window and ends with the same figures.

    Raises:
        ConfigError, EvaluationError, BundleError, GraspSetError: an input is missing or does
            not fit.
    """
    torch.set_num_threads(config.evaluate.threads)
    inputs = open_inputs(config, refs, context)
    windows = []
    for index in range(config.evaluate.windows):
        path = context.scratch / f"window_{index:04d}.safetensors"
        if not path.exists():
            partial = path.with_suffix(".partial")
            save_file(run_window(config, inputs, context, index), partial)
            partial.replace(path)
        windows.append(load_file(path))
    counts = {name: np.stack([window[name] for window in windows]) for name in windows[0]}
    arrangement = arrange(config.evaluate, inputs.specs, len(inputs.experts))
    pairs = [inputs.specs[index] for index in arrangement.objects]
    report = report_of(config, inputs.bundle, inputs.catalogue, pairs, counts)
    files = {name: context.scratch / name for name in ("evaluation.json", "counts.safetensors")}
    files["evaluation.json"].write_text(json.dumps(report, indent=1, allow_nan=False) + "\n")
    save_file(counts, files["counts.safetensors"])
    objects = ", ".join(item.name for item in inputs.specs)
    return context.publish(files, f"evaluation on {objects}", list(refs.values()))


def open_inputs(config: EvaluateStep, refs: Mapping[str, Ref], context: Context) -> Inputs:
    layout = config.world.embodiment.make_layout()
    unknown = [style for style in config.evaluate.experts if f"expert/{style}" not in refs]
    if unknown:
        raise EvaluationError(f"evaluate.experts: there is no expert of style {unknown[0]!r}")
    modes = [mode for mode in config.evaluate.experts.values() if mode not in layout.modes]
    if modes:
        raise EvaluationError(
            f"evaluate.experts: {modes[0]!r} is not a mode of the layout "
            f"({', '.join(layout.modes)})"
        )
    models = open_objects(refs, context)
    catalogue = [models[name].spec for name in sorted(models)]
    check_pairs(config.evaluate, catalogue)
    chosen = [item.name for item in catalogue if config.evaluate.pairs.of(split_of(item))]
    missing = [name for name in chosen if f"grasps/{name}" not in refs]
    if missing:
        raise EvaluationError(f"evaluate: there are no grasps of object {missing[0]!r}")
    folders = {name: context.open(refs[f"grasps/{name}"]) for name in chosen}
    return Inputs(
        layout=layout,
        bundle=open_bundle(context.open(refs["bundle"]), layout),
        objects=[models[name] for name in chosen],
        grasps=[GraspSet.load(folders[name] / "grasps.safetensors", layout) for name in chosen],
        experts={
            style: context.open(refs[f"expert/{style}"])
            for style in sorted(config.evaluate.experts)
        },
        catalogue=catalogue,
    )


def run_window(
    config: EvaluateStep, inputs: Inputs, context: Context, index: int
) -> dict[str, np.ndarray]:
    """Run one window in environments of its own and return its counts [P, V, M]."""
    evaluate, layout = config.evaluate, inputs.layout
    arrangement = arrange(evaluate, inputs.specs, len(inputs.experts))

    def seed(purpose: str) -> int:
        return derive_seed(config.seed, "evaluate", evaluate.stream, index, purpose)

    kinematics = Kinematics(config.world.embodiment.hand)
    env = make_env(config, inputs, arrangement, seed("world"), context.threads)
    window = Window(
        env=env,
        arrangement=arrangement,
        experts=[load_expert(folder, layout) for folder in inputs.experts.values()],
        commanders=[
            make_commander(
                evaluate.library[name],
                layout,
                arrangement.pairs,
                np.random.default_rng(seed(name)),
            )
            for name in evaluate.perturbations
        ],
        answers=make_answers(config, inputs, arrangement, kinematics, seed("sampler")),
        meter=IntentionMeter(
            arrangement.environments,
            layout.num_keypoints,
            round(evaluate.intention.horizon_s * layout.control_hz),
            evaluate.intention.min_motion,
        ),
        kinematics=kinematics,
        layout=layout,
    )
    ticks = round(evaluate.window_s * layout.control_hz)
    total = evaluate.windows * ticks
    try:
        return window.run(
            ticks, lambda tick: context.progress(index * ticks + tick, total, "ticks")
        )
    finally:
        env.close()


def make_answers(
    config: EvaluateStep,
    inputs: Inputs,
    arrangement: Arrangement,
    kinematics: Kinematics,
    seed: int,
) -> Answers:
    evaluate, layout = config.evaluate, inputs.layout
    modes = np.array([layout.modes.index(evaluate.experts[style]) for style in inputs.experts])
    return Answers(
        session=Session(inputs.bundle),
        kinematics=kinematics,
        layout=layout,
        variants=tuple(evaluate.variants.values()),
        guidance=guidances(evaluate.variants, inputs.bundle),
        modes=modes[list(arrangement.experts)],
        rng=np.random.default_rng(seed),
    )


def arrange(evaluate: Evaluate, objects: Sequence[Object], experts: int) -> Arrangement:
    """Give each split's pairs its objects in turn, and every object the experts in turn."""
    pairs = []
    for split in SPLITS:
        members = [i for i, item in enumerate(objects) if split_of(item) == split]
        for k in range(evaluate.pairs.of(split)):
            lap, place = divmod(k, len(members))
            pairs.append((members[place], lap % experts))
    chosen, commanding = zip(*pairs, strict=True)
    return Arrangement(len(evaluate.perturbations), len(evaluate.variants), chosen, commanding)


def make_env(
    config: EvaluateStep,
    inputs: Inputs,
    arrangement: Arrangement,
    seed: int,
    threads: int | None,
) -> ManipulationEnv:
    """Make the batch, in which no episode ends in time."""
    evaluate = config.evaluate
    longer = evaluate.window_s + 1.0  # [s] a time-out at the very end would replace the last state
    world: World = replace(config.world, task=replace(config.world.task, episode_s=longer))
    return ManipulationEnv(
        world,
        inputs.objects,
        inputs.grasps,
        num_envs=arrangement.environments,
        seed=seed,
        style=next(iter(inputs.experts)),  # it shapes the reward only, which nobody reads
        threads=threads,
        object_index=arrangement.spread(arrangement.objects),
        streams=arrangement.pair,
    )

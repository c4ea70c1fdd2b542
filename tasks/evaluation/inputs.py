"""What an evaluation reads beside the controller: objects, grasps, experts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from configs.layout import Layout
from configs.refs import Ref
from configs.schema.evaluate import SPLITS, Evaluate, Pairs, check_splits, split_of
from configs.schema.objects import Object
from configs.schema.world import World
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.shapes.objects import ObjectModel
from tasks.evaluation.window import Arrangement
from tasks.objects import open_objects
from tasks.running.context import Context


@dataclass(frozen=True)
class Inputs:
    """Everything that an evaluation's world is made of, opened and verified."""

    layout: Layout
    objects: list[ObjectModel]
    grasps: list[GraspSet]
    experts: dict[str, Path]  # style -> artifact folder, by name
    catalogue: list[Object]  # every object of the run, judged or not

    @property
    def specs(self) -> list[Object]:
        return [model.spec for model in self.objects]


def open_inputs(
    world: World, evaluate: Evaluate, refs: Mapping[str, Ref], context: Context
) -> Inputs:
    """Open what `evaluate` needs of the references.

    Raises:
        ConfigError: of the objects that can be grasped, none is in a split that is judged.
    """
    layout = world.embodiment.make_layout()
    models = open_objects(refs, context)
    catalogue = [models[name].spec for name in sorted(models)]
    check_splits(evaluate, catalogue)
    chosen = [item.name for item in catalogue if evaluate.pairs.of(split_of(item))]
    folders = {name: context.open(refs[f"grasps/{name}"]) for name in chosen}
    return Inputs(
        layout=layout,
        objects=[models[name] for name in chosen],
        grasps=[GraspSet.load(folders[name] / "grasps.safetensors", layout) for name in chosen],
        experts={
            style: context.open(refs[f"expert/{style}"]) for style in sorted(evaluate.experts)
        },
        catalogue=catalogue,
    )


def arrange(
    perturbations: int, variants: int, pairs: Pairs, objects: Sequence[Object], experts: int
) -> Arrangement:
    """Give each split's pairs its objects in turn, and every object the experts in turn."""
    dealt = []
    for split in SPLITS:
        members = [i for i, item in enumerate(objects) if split_of(item) == split]
        for k in range(pairs.of(split)):
            lap, place = divmod(k, len(members))
            dealt.append((members[place], lap % experts))
    chosen, commanding = zip(*dealt, strict=True)
    return Arrangement(perturbations, variants, chosen, commanding)


def make_env(
    world: World,
    inputs: Inputs,
    arrangement: Arrangement,
    window_s: float,
    seed: int,
    threads: int | None,
) -> ManipulationEnv:
    """Make the batch, in which no episode ends in time."""
    longer = window_s + 1.0  # [s] a time-out at the very end would replace the last state
    return ManipulationEnv(
        replace(world, task=replace(world.task, episode_s=longer)),
        inputs.objects,
        inputs.grasps,
        num_envs=arrangement.environments,
        seed=seed,
        style=next(iter(inputs.experts)),  # it shapes the reward only, which nobody reads
        threads=threads,
        object_index=arrangement.spread(arrangement.objects),
        streams=arrangement.pair,
    )

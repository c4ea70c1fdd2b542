"""A tiny but real task: two objects and a handful of grasps that hold, for each hand."""

import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from configs.layout import Layout
from configs.load import load
from configs.refs import Ref
from configs.schema.pipeline import Config
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel, save_objects
from flows.plan import grasps_step
from tasks.grasps.grasps import grasps
from tasks.store import open_store
from tests.contexts import make_context

OBJECTS = ("box", "sphere")
# As strict as ever, but few: a batch that is held costs the same whatever comes of it.
QUICK = (
    "grasps.sampled=3",
    "grasps.sampling.kinds=[finger_first]",
    "grasps.sampling.finger_first.proposals=8000",
    "grasps.expansion.proposals=100",
    "grasps.validation.slots=32",
    "grasps.validation.hold_s=2",
)


@dataclass(frozen=True)
class SmallWorld:
    config: Config
    layout: Layout
    objects: list[ObjectModel]
    grasps: list[GraspSet]


@cache
def small_world(hand: str, count: int = 12) -> SmallWorld:
    """Find `count` or more grasps of each object; ten seconds, once a process."""
    config = load(Config, [f"hand={hand}", f"grasps.count={count}", *QUICK])
    objects = [ObjectModel(config.objects.items[name]) for name in OBJECTS]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        files = {path.name: path for path in save_objects(objects, home)}
        ref = open_store(home).publish(files, "objects", {}, ())
        found = [find_grasps(config, name, home, ref) for name in OBJECTS]
    return SmallWorld(config, config.embodiment.make_layout(), objects, found)


def find_grasps(config: Config, name: str, home: Path, objects: Ref) -> GraspSet:
    step = replace(grasps_step(config, name), seed=0)
    context = make_context(home, name)
    folder = context.open(grasps(step, {"objects/all": objects}, context))
    return GraspSet.load(folder / "grasps.safetensors", config.embodiment.make_layout())

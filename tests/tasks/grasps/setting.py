"""A real store, real objects, and grasp settings small enough for a second or two."""

import dataclasses
from pathlib import Path

from configs.schema.grasps import Grasps, GraspsStep
from configs.schema.pipeline import Config
from envs.shapes.objects import ObjectModel, save_objects
from flows.plan import grasps_step
from tasks.grasps.problem import Problem
from tasks.grasps.search import Search
from tests.contexts import make_context


def make_step(config: Config, name: str, grasps: Grasps | None = None) -> GraspsStep:
    planned = grasps_step(config, name)
    return dataclasses.replace(planned, grasps=grasps or config.grasps, seed=0)


def make_search(config: Config, name: str) -> Search:
    model = ObjectModel(config.objects.items[name])
    return Search(Problem.of(config.embodiment, model), make_step(config, name), threads=1)


def publish_objects(config: Config, home: Path):
    """Publish the configuration's objects as the step before does."""
    folder = home / "objects"
    folder.mkdir(parents=True)
    models = [ObjectModel(spec) for spec in config.objects.items.values()]
    files = {file.name: file for file in save_objects(models, folder)}
    return make_context(home, "objects").publish(files, "objects", [])


def tiny(grasps: Grasps, **changes) -> Grasps:
    """Return the settings with a small batch, and `changes`."""
    small = dataclasses.replace(
        grasps,
        count=12,
        sampled=1,
        min_component=2,
        sampling=dataclasses.replace(
            grasps.sampling,
            kinds=("finger_first",),
            finger_first=dataclasses.replace(grasps.sampling.finger_first, proposals=4000),
            surface_first=dataclasses.replace(grasps.sampling.surface_first, proposals=600),
        ),
        expansion=dataclasses.replace(grasps.expansion, proposals=60),
    )
    return dataclasses.replace(small, **changes)

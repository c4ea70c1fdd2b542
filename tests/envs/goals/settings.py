"""What goals are chosen for, without an engine."""

import dataclasses
from collections.abc import Sequence

import torch

from configs.load import load
from configs.schema.pipeline import Config
from envs.goals.goals import Setting
from envs.goals.table import GraspTable
from envs.shapes.objects import ObjectModel
from models.kinematics import Kinematics


def make_setting(
    config: Config, table: GraspTable, count: int, objects: Sequence[ObjectModel] = ()
) -> Setting:
    """Return `count` environments that have the objects of a table in turn, unscaled."""
    return Setting(
        world=config.world,
        layout=config.embodiment.make_layout(),
        kinematics=Kinematics(config.hand),
        table=table,
        objects=objects,
        object_index=torch.arange(count) % len(table.objects),
        object_scale=torch.ones(count),
    )


def configured(*overrides: str, **goals) -> Config:
    """Return a configuration with some of its task.goals replaced."""
    config = load(Config, overrides)
    task = dataclasses.replace(config.task, goals=dataclasses.replace(config.task.goals, **goals))
    return dataclasses.replace(config, task=task)

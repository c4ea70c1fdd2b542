"""Grasps held by MuJoCo Warp are those that MuJoCo holds."""

import dataclasses

import numpy as np
import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from tasks.grasps.candidates import Candidates, concatenate
from tasks.grasps.search import FINGER_FIRST
from tasks.grasps.validation import Validator
from tests.tasks.grasps.setting import make_search

pytest.importorskip("mujoco_warp")
COUNT = 48


@pytest.mark.parametrize("device", ["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def test_what_one_engine_holds_the_other_does(device: str):
    """Steps of a tree, of which about half let go: all the way through settling, turning gravity
    and pushes, with masses, frictions, gains and scales drawn for each."""
    search = make_search(load(Config, ["profile=quickstart"]), "box")
    rng = np.random.default_rng(0)
    tree = steps = Candidates.none(search.problem.layout)
    while len(tree) < 10:
        tree = concatenate([tree, search.held(search.sample(FINGER_FIRST, rng))])
    while len(steps) < COUNT:
        steps = concatenate([steps, search.expand(tree, rng).candidates])
    steps = steps.take(np.arange(COUNT))
    config = search.config
    settings = dataclasses.replace(config.grasps.validation, slots=COUNT, scales=4, pushes=True)
    held = []
    for engine, where in (("mujoco", "cpu"), ("mujoco_warp", device)):
        physics = dataclasses.replace(config.physics, engine=engine, device=where)
        made = Validator(search.problem, physics, config.randomization, settings, threads=1)
        held.append(made.hold(steps, np.random.default_rng(1)).held)
        made.close()
    search.close()
    mujoco, warp = held
    assert 0.2 < mujoco.mean() < 0.9  # so that agreeing says something
    assert (mujoco == warp).mean() >= 0.9

"""The grasp that a graph begins with is one from which most can be done."""

import dataclasses

import numpy as np
import pytest

from envs.grasp_set import GraspSet
from tasks.grasps.candidates import Candidates
from tasks.regrasps.balance import unsteadiness
from tasks.regrasps.gait import Planner
from tasks.regrasps.joining import from_set
from tasks.regrasps.roots import choose_seeds, room
from tests.tasks.regrasps.conftest import OBJECT, Grown


@pytest.fixture(scope="module")
def planner(grown: Grown) -> Planner:
    step = grown.step
    return Planner(grown.problem, step.physics, step.regrasps, step.grasps, 0)


@pytest.fixture(scope="module")
def seeds(grown: Grown) -> Candidates:
    folder = grown.home / "store"
    found = next(folder.rglob("grasps.safetensors"), None)
    assert found is not None
    layout = grown.config.embodiment.make_layout()
    grasps = GraspSet.load(found, layout)
    assert grasps.object == OBJECT
    return from_set(grown.problem, grasps)


def test_the_first_has_most_fingers_balances_and_most_room(
    grown: Grown, planner: Planner, seeds: Candidates
):
    chosen = choose_seeds(seeds, planner, np.random.default_rng(0))
    residual = grown.step.regrasps.balance.residual
    everyone, _ = unsteadiness(chosen, grown.step.regrasps.balance)
    fingers = chosen.active.sum(axis=1)
    assert everyone[0] < residual
    same = (fingers == fingers[0]) & (everyone < residual)
    assert fingers[0] == fingers[everyone < residual].max()
    space = room(planner, chosen.take(same))
    assert space[0] > space.max() - 0.5  # as much as five fingers that can go are worth


def test_room_is_a_share(planner: Planner, seeds: Candidates):
    space = room(planner, seeds)
    assert (space >= 0.0).all()
    assert (space <= 1.0 + 1e-6).all()


def test_out_of_reach_there_is_no_room(planner: Planner, seeds: Candidates):
    pose = seeds.object_pose.copy()
    pose[:, 2] += 0.3
    assert room(planner, dataclasses.replace(seeds, object_pose=pose)).max() == 0.0


def test_where_nothing_balances_there_still_is_a_first(planner: Planner, seeds: Candidates):
    one = np.zeros_like(seeds.active)
    one[:, 0] = True
    chosen = choose_seeds(dataclasses.replace(seeds, active=one), planner, np.random.default_rng(0))
    assert len(chosen) == min(len(seeds), 32)

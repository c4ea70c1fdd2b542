"""The hold in physics: gravity's way, what holds and what falls, and no memory between calls."""

import dataclasses

import numpy as np
import pytest

from configs.schema.pipeline import Config
from tasks.grasps.candidates import Candidates
from tasks.grasps.search import Search
from tasks.grasps.validation import draw, gravity_direction
from tests.tasks.grasps.setting import make_search


@pytest.fixture(scope="module")
def search(config: Config):
    made = make_search(config, "sphere")
    yield made
    made.close()


@pytest.fixture(scope="module")
def held(search: Search) -> Candidates:
    return search.sample(np.random.default_rng(0))[0]


def test_gravity_goes_through_the_frame_a_quarter_turn_at_a_time():
    frame = np.tile(np.eye(3), (4, 1, 1))
    ways = gravity_direction(frame, np.array([0.0, 1 / 3, 2 / 3, 1.0]), directions=4)
    assert ways == pytest.approx(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0]]), abs=1e-9)
    halfway = gravity_direction(frame[:1], np.array([1 / 6]), directions=4)
    assert halfway == pytest.approx(np.array([[1, 1, 0]]) / np.sqrt(2))


def test_draws_cover_the_ranges(config: Config):
    ranges = config.randomization
    draws = draw(ranges, 500, np.random.default_rng(0))
    low, high = ranges.object_mass
    assert low <= draws.mass.min() < low + 0.02 * (high - low)
    assert high - 0.02 * (high - low) < draws.mass.max() <= high
    mean = 0.5 * (np.array(ranges.object_friction) + np.array(ranges.hand_friction))
    assert draws.friction.min() >= mean[0]
    assert draws.friction.max() <= mean[1]


def test_grasps_hold_again_and_need_their_squeeze(search: Search, held: Candidates):
    assert len(held) >= 3
    again = search.validator.hold(held, np.random.default_rng(1)).held
    limp = dataclasses.replace(held, joint_target=held.joint_position)
    dropped = search.validator.hold(limp, np.random.default_rng(1)).held
    assert again.mean() > 0.5
    assert dropped.mean() < 0.5 * again.mean()


def test_a_call_leaves_nothing_behind_for_the_next(search: Search, held: Candidates):
    first = search.validator.hold(held, np.random.default_rng(2))
    search.validator.hold(held, np.random.default_rng(3))
    second = search.validator.hold(held, np.random.default_rng(2))
    assert np.array_equal(first.held, second.held)
    assert np.array_equal(first.object_pose, second.object_pose)
    assert np.array_equal(first.joint_position, second.joint_position)


def test_settled_contacts_touch(search: Search, held: Candidates):
    problem, gap = search.problem, search.config.grasps.validation.gap
    pads = problem.kinematics.points(held.joint_position, problem.tip_links, held.pad)
    height = np.linalg.norm(pads - held.pad_goals(0.0 * problem.tip_radii), axis=2)
    assert (height < problem.tip_radii + gap)[held.active].all()
    assert (held.active.sum(axis=1) >= 2).all()

"""The hold in physics: gravity's way, what holds and what falls, and no memory between calls."""

import dataclasses

import numpy as np
import pytest

from configs.schema.pipeline import Config
from tasks.grasps.candidates import Candidates, concatenate
from tasks.grasps.draws import draw, gravity_direction
from tasks.grasps.sampling import nearest_contacts
from tasks.grasps.search import FINGER_FIRST, Search
from tasks.grasps.validation import Validator
from tests.tasks.grasps.setting import make_search


@pytest.fixture(scope="module")
def search(config: Config):
    made = make_search(config, "sphere")
    yield made
    made.close()


@pytest.fixture(scope="module")
def held(search: Search) -> Candidates:
    """Several batches: of a thousand proposals only a few become grasps of balanced contacts."""
    found = Candidates.none(search.problem.layout)
    rng = np.random.default_rng(0)
    while len(found) < 6:
        found = concatenate([found, search.held(search.sample(FINGER_FIRST, rng))])
    return found


def test_gravity_goes_through_the_frame_a_quarter_turn_at_a_time():
    frame = np.tile(np.eye(3), (4, 1, 1))
    ways = gravity_direction(frame, np.array([0.0, 1 / 3, 2 / 3, 1.0]), directions=4)
    assert ways == pytest.approx(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0]]), abs=1e-9)
    halfway = gravity_direction(frame[:1], np.array([1 / 6]), directions=4)
    assert halfway == pytest.approx(np.array([[1, 1, 0]]) / np.sqrt(2))


def test_draws_cover_the_ranges(config: Config):
    ranges = config.randomization
    draws = draw(ranges, 0.0, 500, 16, np.random.default_rng(0))
    low, high = ranges.object_mass
    assert low <= draws.mass.min() < low + 0.02 * (high - low)
    assert high - 0.02 * (high - low) < draws.mass.max() <= high
    mean = 0.5 * (np.array(ranges.object_friction) + np.array(ranges.hand_friction))
    assert draws.friction.min() >= mean[0]
    assert draws.friction.max() <= mean[1]
    low, high = ranges.initial_joint_noise
    assert draws.noise.shape == (500, 16)
    assert low <= draws.noise.min() < 0.99 * low
    assert 0.99 * high < draws.noise.max() <= high
    low, high = ranges.object_mass
    half = draw(ranges, 0.5, 500, 16, np.random.default_rng(0))
    assert half.mass == pytest.approx(0.5 * (draws.mass + high))
    worst = draw(ranges, 1.0, 500, 16, np.random.default_rng(0))
    assert worst.mass == pytest.approx(high)
    assert worst.friction == pytest.approx(mean[0])
    assert worst.kp_factor == pytest.approx(ranges.kp_factor[0])
    assert np.ptp(worst.kd_factor) > 0.0


def test_grasps_hold_again_and_need_their_squeeze(search: Search, held: Candidates):
    assert len(held) >= 3
    again = search.validator.hold(held, np.random.default_rng(1)).held
    limp = dataclasses.replace(held, joint_target=held.joint_position)
    dropped = search.validator.hold(limp, np.random.default_rng(1)).held
    assert again.mean() > 0.5
    assert dropped.mean() < 0.5 * again.mean()


def test_pushes_are_table_threes_and_let_some_go(search: Search, held: Candidates):
    config, randomization = search.config, search.config.randomization
    settings = dataclasses.replace(config.grasps.validation, pushes=True)
    problem, count = search.problem, 4000
    drawn = draw(
        randomization, 0.0, count, 16, np.random.default_rng(0), push_steps=20, control_dt=0.1
    )
    without = draw(randomization, 0.0, count, 16, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn.frame, without.frame)
    process = randomization.random_force
    pushed = np.linalg.norm(drawn.push[:, 0], axis=1) > 0
    chance = 1.0 - (1.0 - process.probability) ** (0.1 / process.interval)
    assert pushed.mean() == pytest.approx(chance, abs=0.03)
    assert (drawn.push[pushed, 0] / drawn.mass[pushed, None]).std() == pytest.approx(
        process.scale, rel=0.05
    )
    hard = dataclasses.replace(
        randomization,
        random_force=dataclasses.replace(process, scale=200.0, probability=1.0),
    )
    validator = Validator(problem, config.physics, hard, settings, 1)
    assert not validator.hold(held, np.random.default_rng(1)).held.any()
    validator.close()


def test_the_hold_begins_with_noise_on_the_joints_and_the_grasp_is_without(
    search: Search, held: Candidates
):
    """As an episode does: a little noise is held, as much as a finger bends is not."""
    randomization, settings = search.config.randomization, search.config.grasps.validation
    outcomes = []
    for noise in (0.0, 0.05, 0.8):
        ranges = dataclasses.replace(randomization, initial_joint_noise=(-noise, noise))
        validator = Validator(search.problem, search.config.physics, ranges, settings, 1)
        outcomes.append(validator.hold(held, np.random.default_rng(1)))
        validator.close()
    without, little, much = outcomes
    assert little.held.sum() >= 0.7 * without.held.sum() > much.held.sum()
    for other in (little, much):
        np.testing.assert_array_equal(other.joint_position, without.joint_position)
        np.testing.assert_array_equal(other.object_pose, without.object_pose)


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
    # a point lies on the surface of scale 1; the one touched was up to 5% larger or smaller
    off = 0.05 * np.linalg.norm(held.point, axis=2)
    assert (height < problem.tip_radii + gap + off)[held.active].all()
    assert (held.active.sum(axis=1) >= 2).all()


def test_each_slot_has_its_drawn_mass_friction_and_gains_and_a_scale(
    search: Search, held: Candidates
):
    validator, actuation = search.validator, search.problem.hand.actuation
    few = held.take(np.arange(min(len(held), 5)))
    hold = validator.submit(few, np.random.default_rng(4))
    validator._fill()
    drawn, slots = hold.draws, validator.slots
    placed = np.flatnonzero(slots.row >= 0)
    assert sorted(slots.row[placed]) == list(range(len(few)))
    (pool,) = validator.engine.pools
    body = pool.bodies.start
    for slot in placed.tolist():
        i, model = slots.row[slot], pool.models[slot]
        assert model.body_mass[body] == pytest.approx(drawn.mass[i], rel=1e-6)
        assert model.geom_friction[:, 0] == pytest.approx(drawn.friction[i], rel=1e-6)
        kp = actuation.kp * drawn.kp_factor[i]
        assert model.actuator_gainprm[:, 0] == pytest.approx(kp, rel=1e-6)
        kd = actuation.kd * drawn.kd_factor[i]
        assert model.actuator_biasprm[:, 2] == pytest.approx(-kd, rel=1e-6)
    radii = np.array([model.geom_size[model.body_geomadr[body], 0] for model in pool.models])
    low, high = validator.randomization.object_scale
    radius = search.problem.model.spec.shape.radius
    assert (radii.min(), radii.max()) == pytest.approx((low * radius, high * radius))
    assert len(np.unique(radii)) == validator.config.scales
    assert hold.outcome.scale[slots.row[placed]] == pytest.approx(radii[placed] / radius)
    validator.drop(hold)
    assert (slots.row < 0).all()


def test_what_comes_of_a_candidate_depends_on_nothing_beside_it(search: Search, held: Candidates):
    validator = search.validator
    alone = validator.hold(held, np.random.default_rng(5))
    crowd = [validator.submit(held, np.random.default_rng(seed)) for seed in (6, 5, 7)]
    beside, *_ = [validator.finish(hold) for hold in (crowd[1], crowd[0], crowd[2])]
    assert np.array_equal(alone.held, beside.held)
    assert np.array_equal(alone.object_pose, beside.object_pose)
    assert np.array_equal(alone.joint_position, beside.joint_position)
    assert not validator.queue


def test_what_settled_out_of_balance_is_no_grasp(search: Search, held: Candidates):
    ones = np.ones(len(held))
    alone = held.active & (np.cumsum(held.active, axis=1) == 1)  # one finger cannot balance
    assert len(search.touching(held, ones)) > 0
    assert len(search.touching(dataclasses.replace(held, active=alone), ones)) == 0
    away = held.object_pose + np.array([0.2, 0, 0, 0, 0, 0, 0])
    assert len(search.touching(dataclasses.replace(held, object_pose=away), ones)) == 0


def test_distance_is_to_the_scaled_surface_and_points_are_on_the_plain_one(
    search: Search, held: Candidates
):
    problem, radius = search.problem, search.problem.model.spec.shape.radius
    joints, pose = held.joint_position, held.object_pose
    plain, larger = (
        nearest_contacts(problem, joints, pose, factor * np.ones(len(held)))
        for factor in (1.0, 1.1)
    )
    assert larger[3] == pytest.approx(plain[3] - 0.1 * radius)
    assert np.linalg.norm(larger[0], axis=2) == pytest.approx(radius)

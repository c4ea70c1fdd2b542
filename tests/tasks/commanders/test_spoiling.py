"""What spoils a command, each kind on a few steps worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from configs.load import load
from configs.schema import perturbations as schema
from configs.schema.pipeline import Config
from tasks.commanders.commanders import make_commander
from tasks.commanders.spells import Spells, chance_of
from tests.tasks.commanders.moments import moment

EMBODIMENT = load(Config).embodiment
LAYOUT, HAND = EMBODIMENT.make_layout(), EMBODIMENT.hand
HZ, JOINTS = LAYOUT.control_hz, LAYOUT.num_joints
FINGERS = len(HAND.fingers)
EACH = JOINTS // FINGERS  # joints of a finger


def acted(config, cleans, pairs=1, starts=(0,), target=0.0) -> np.ndarray:
    """Return the actions [T, M, n] of one variant, step by step."""
    made = make_commander(config, EMBODIMENT, 1, pairs, np.random.default_rng(0))
    rows = []
    for tick, clean in enumerate(cleans):
        now = moment(LAYOUT, (1, pairs), clean, target, started=tick in starts)
        command = made.command(now)
        np.testing.assert_array_equal(command.clean, now.clean)  # what was meant stays
        rows.append(command.action[0])
    return np.stack(rows)


def runs(values: np.ndarray) -> list[int]:
    """Return the lengths of runs of equal values [T], without the last one, which was cut."""
    changes = np.flatnonzero(np.diff(values)) + 1
    return np.diff([0, *changes]).tolist()


def test_a_rate_becomes_a_chance_a_step():
    assert chance_of(0.0, 20.0) == 0.0
    assert chance_of(20.0, 20.0) == pytest.approx(1 - np.exp(-1))


def test_spells_last_as_long_as_drawn_and_follow_each_other():
    spells = Spells(1.0, (0.2, 0.2), 20.0, 3, np.random.default_rng(0))
    seen = [spells.step() for _ in range(9)]
    assert all(within.all() for within, _ in seen)
    assert [bool(begins.all()) for _, begins in seen] == [True, *3 * [False]] * 2 + [True]


def test_gaussian_noise_has_its_spread():
    noise = acted(schema.Gaussian(kind="gaussian", std=0.2), [0.1] * 4, pairs=2000) - 0.1
    assert noise.std() == pytest.approx(0.2, rel=0.02)
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.02


def test_held_noise_is_one_draw_for_its_time():
    config = schema.Held(kind="held", amplitude=0.5, seconds=(0.25, 0.25))
    noise = acted(config, [0.2] * 16)[:, 0, 0] - 0.2
    assert runs(noise) == [5, 5, 5]
    assert np.abs(noise).max() <= 0.5


def test_tremor_is_a_sine_of_its_frequency():
    config = schema.Tremor(kind="tremor", amplitude=0.5, hz=(5.0, 5.0))
    noise = acted(config, [0.0] * 8)[:, 0]
    np.testing.assert_allclose(noise[4:], noise[:4], atol=1e-6)  # a period is 4 steps at 20 Hz
    np.testing.assert_allclose(noise[2:4], -noise[:2], atol=1e-6)
    np.testing.assert_allclose(np.hypot(noise[0], noise[1]), 0.5, atol=1e-6)  # sine and cosine


def test_a_jolt_moves_all_joints_at_full_strength_for_its_time():
    config = schema.Kicks(kind="kicks", rate=1.0, seconds=(0.1, 0.1), strength=0.9)
    actions = acted(config, [0.25] * 400, pairs=100)
    jolted = np.isclose(np.abs(actions), 0.9)
    assert np.array_equal(jolted.all(axis=2), jolted.any(axis=2))
    np.testing.assert_array_equal(actions[~jolted], np.float32(0.25))
    # on average 1 / (1 - exp(-1/20)) - 1 = 19.5 steps between jolts of 2
    assert jolted.mean() == pytest.approx(2 / 21.5, rel=0.1)


def test_a_command_that_sticks_stays_what_it_was():
    config = schema.Sticky(kind="sticky", chance=1.0, seconds=(0.15, 0.15))
    cleans = np.linspace(0.1, 0.8, 8)
    np.testing.assert_array_equal(acted(config, cleans)[:, 0, 0], 0.0)  # never came through
    config = replace(config, chance=0.2)
    actions = acted(config, cleans, pairs=200)[..., 0]
    came = np.isclose(actions, cleans[:, None])
    before = np.concatenate([np.zeros((1, 200)), actions[:-1]])
    np.testing.assert_allclose(actions[~came], before[~came])
    assert came[0].mean() == pytest.approx(0.8, abs=0.08)


def test_a_new_episode_does_not_repeat_the_last_ones_command():
    config = schema.Sticky(kind="sticky", chance=0.1, seconds=(0.5, 0.5))
    actions = acted(config, [0.5, 0.5, 0.7], pairs=200, starts=(0, 2))[2, :, 0]
    assert set(actions.tolist()) == {0.0, float(np.float32(0.7))}


def test_as_many_packets_are_lost_as_asked():
    config = schema.Lost(kind="lost", share=0.3, seconds=(0.1, 0.4))
    cleans = 0.5 + 0.4 * np.sin(np.arange(2000))
    actions = acted(config, cleans, pairs=50)[..., 0]
    lost = ~np.isclose(actions, cleans[:, None])
    assert lost.mean() == pytest.approx(0.3, abs=0.02)


def test_a_late_command_is_the_one_of_before_and_nothing_at_first():
    config = schema.Lag(kind="lag", seconds=0.1)
    actions = acted(config, [0.1, 0.2, 0.3, 0.4, 0.5], starts=(0, 3))[:, 0, 0]
    np.testing.assert_allclose(actions, [0.0, 0.0, 0.1, 0.0, 0.0], atol=1e-6)
    at_once = schema.Lag(kind="lag", seconds=0.0)
    np.testing.assert_allclose(acted(at_once, [0.1, 0.2])[:, 0, 0], [0.1, 0.2])


def test_crossed_wires_give_each_finger_its_neighbours_command():
    clean = np.linspace(-1, 1, JOINTS, dtype=np.float32)
    action = acted(schema.Swapped(kind="swapped"), [clean])[0, 0]
    np.testing.assert_array_equal(action, np.concatenate([clean[-EACH:], clean[:-EACH]]))


def test_one_finger_and_the_same_is_mirrored():
    clean = np.linspace(0.1, 0.9, JOINTS)
    actions = acted(schema.Mirrored(kind="mirrored"), [clean, clean], pairs=50)
    np.testing.assert_array_equal(actions[0], actions[1])
    np.testing.assert_allclose(np.abs(actions[0]), np.broadcast_to(clean, (50, JOINTS)), rtol=1e-6)
    turned = (actions[0] < 0).reshape(50, FINGERS, EACH)
    assert np.array_equal(turned.all(axis=2), turned.any(axis=2))
    assert (turned.all(axis=2).sum(axis=1) == 1).all()
    assert turned.any(axis=(0, 2)).all()  # every finger in some pair


def test_one_joint_is_stuck_at_a_constant_and_then_another():
    config = schema.StuckJoint(kind="stuck_joint", amplitude=1.0, seconds=(0.2, 0.2))
    actions = acted(config, [0.0] * 9)[:, 0]
    stuck = actions != 0
    assert (stuck.sum(axis=1) == 1).all()
    value = actions[stuck]
    assert runs(value) == [4, 4]


def test_fingers_get_their_own_shares():
    config = schema.Uneven(kind="uneven", shares=(0.0, 1.0), seconds=(0.1, 0.1))
    actions = acted(config, [0.5] * 5)[:, 0].reshape(5, FINGERS, EACH) / 0.5
    assert np.ptp(actions, axis=2).max() < 1e-6
    assert np.ptp(actions[0], axis=0).max() > 0.01
    assert runs(actions[:, 0, 0]) == [2, 2]


def test_a_push_drives_one_finger_towards_the_fist():
    config = schema.Push(kind="push", rate=1e9, seconds=(0.1, 0.1), strength=0.4)
    closed = np.array(HAND.poses["closed"])
    actions = acted(config, [0.125] * 4, pairs=30, target=HAND.rest)
    way = np.clip((closed - np.array(HAND.rest)) / LAYOUT.action_scale, -0.4, 0.4)
    for row in actions.reshape(-1, JOINTS):
        pushed = [
            np.allclose(row.reshape(FINGERS, EACH)[f], way.reshape(FINGERS, EACH)[f], atol=1e-6)
            for f in range(FINGERS)
        ]
        assert sum(pushed) == 1
        kept = row.reshape(FINGERS, EACH)[pushed.index(False)]
        np.testing.assert_allclose(kept, 0.125)


def test_operators_can_be_spoilt_and_mean_what_they_made():
    config = schema.Operated(
        kind="operated",
        operator=schema.Proportional(kind="proportional", gain=0.5),
        spoilt=schema.Lag(kind="lag", seconds=1 / HZ),
    )
    made = make_commander(config, EMBODIMENT, 1, 1, np.random.default_rng(0))
    step = LAYOUT.action_scale
    for tick, expected in enumerate([0.0, 0.25, 0.25]):
        goal = 0.5 * step if tick < 2 else 0.0
        command = made.command(moment(LAYOUT, (1, 1), -1.0, 0.0, goal, started=tick == 0))
        np.testing.assert_allclose(command.action, expected, atol=1e-6)
        np.testing.assert_allclose(command.clean, 0.25 if tick < 2 else 0.0, atol=1e-6)


def test_miswired_joints_are_negated_or_change_places_within_their_finger():
    config = schema.Miswired(kind="miswired", negated=0.0, exchanged=1.0, seconds=(0.1, 0.1))
    clean = np.arange(1, JOINTS + 1) / 100.0
    actions = acted(config, [clean] * 2, pairs=50)[0].reshape(50, FINGERS, EACH)
    np.testing.assert_allclose(
        np.sort(actions, axis=2), np.tile(clean.reshape(FINGERS, EACH), (50, 1, 1)), atol=1e-7
    )
    assert (actions != clean.reshape(FINGERS, EACH)).any()
    config = schema.Miswired(kind="miswired", negated=0.25, exchanged=0.0, seconds=(1.0, 1.0))
    actions = acted(config, [0.5] * 2, pairs=200)
    assert 0.2 < (actions[0] == -0.5).mean() < 0.3
    assert np.array_equal(actions[0], actions[1])  # one draw lasts


def test_fingers_go_astray_but_never_all():
    config = schema.Stray(kind="stray", rate=1e9, seconds=(0.1, 0.1))
    actions = acted(config, [0.125] * 2, pairs=100, target=HAND.rest)[0]
    astray = (actions != 0.125).reshape(100, FINGERS, EACH).any(axis=2)
    assert astray.any(axis=1).all()
    assert not astray.all(axis=1).any()
    assert len(set(astray.sum(axis=1))) == FINGERS - 1

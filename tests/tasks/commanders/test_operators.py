import numpy as np
import pytest

from configs.load import load
from configs.schema import perturbations as schema
from configs.schema.pipeline import Config
from tasks.commanders.operators import AbsoluteOperator
from tasks.commanders.perturbations import Situation
from tests.tasks.commanders.moments import moment

LAYOUT = load(Config).embodiment.make_layout()
SHAPE = (1, 3, LAYOUT.num_joints)


def situation(target=0.0, goal=0.0, started=False) -> Situation:
    return moment(LAYOUT, SHAPE[:2], 0.0, target, goal, started)


def operator(bias=0.0, noise=0.0, lag_s=0.4) -> AbsoluteOperator:
    config = schema.Absolute(kind="absolute", lag_s=lag_s, bias=bias, noise=noise, noise_time_s=0.5)
    return AbsoluteOperator(config, LAYOUT, SHAPE[1:], np.random.default_rng(0))


def test_an_exact_operator_closes_63_per_cent_of_the_way_in_one_lag():
    hand = operator(lag_s=0.4)
    for step in range(round(0.4 * LAYOUT.control_hz)):
        command = hand.command(situation(target=0.2, goal=1.0, started=step == 0))
    np.testing.assert_allclose(command.desired, 1.0 - 0.8 * np.exp(-1.0), rtol=1e-5)


def test_the_clean_command_is_where_the_operators_hand_goes():
    hand = operator(lag_s=0.4)
    keep = np.exp(-1 / (LAYOUT.control_hz * 0.4))
    for step in range(4):
        # the robot stays behind at 0.2; the operator's hand goes on, slower and slower
        command = hand.command(situation(target=0.2, goal=0.3, started=step == 0))
        expected = 0.1 * keep**step * (1 - keep) / LAYOUT.action_scale
        np.testing.assert_allclose(command.clean, expected, rtol=1e-4)


def test_a_new_episode_starts_from_the_hands_target():
    hand = operator()
    for _ in range(200):
        hand.command(situation(target=0.0, goal=1.0))
    command = hand.command(situation(target=-0.3, goal=-0.3, started=True))
    np.testing.assert_allclose(command.desired, -0.3, rtol=1e-6)


def test_the_action_moves_towards_the_desired_target_by_one_step_at_most():
    command = operator().command(situation(target=0.0, goal=0.01, started=True))
    expected = 0.01 * (1 - np.exp(-1 / (LAYOUT.control_hz * 0.4))) / LAYOUT.action_scale
    np.testing.assert_allclose(command.action, expected, rtol=1e-4)
    far = operator(lag_s=0.01).command(situation(target=0.0, goal=9.0, started=True))
    np.testing.assert_array_equal(far.action, 1.0)


def test_bias_stays_and_the_clean_command_is_free_of_it():
    hand = operator(bias=0.05)
    first = hand.command(situation(started=True))
    second = hand.command(situation())
    np.testing.assert_array_equal(first.clean, 0.0)
    np.testing.assert_array_equal(first.desired, second.desired)
    assert first.desired is not None
    assert first.desired.std() == pytest.approx(0.05, rel=0.4)

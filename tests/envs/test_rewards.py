"""Each term of the paper's reward against numbers worked by hand."""

import dataclasses
import math

import pytest
import torch

from configs.schema.task import RewardWeights, Style
from envs.rewards import Transition, precision_reward, reward_terms, tracking_reward

WEIGHTS = RewardWeights(
    goal=2.0,
    position=1000.0,
    orientation=1.5,
    hand=0.1,
    bonus=25.0,
    tracking=0.0,
    precision=0.0,
    precision_angle=0.05,
    regularization=3.0,
    work=0.1,
    action=0.005,
    torque=0.02,
    style=0.5,
    tip_speed=0.2,
    drop=-15.0,
)
STYLE = Style(style_factor=4.0, regularization_factor=2.0)


def transition(**changes) -> Transition:
    """Two environments at their goals, at rest: 2 joints, 2 fingers."""
    values = {
        "offset": torch.zeros(2, 3),
        "angle": torch.zeros(2),
        "joint_error": torch.zeros(2, 2),
        "tracking_error": torch.zeros(2, 2),
        "reached": torch.zeros(2, dtype=torch.bool),
        "dropped": torch.zeros(2, dtype=torch.bool),
        "tip_velocity": torch.zeros(2, 2, 3),
        "joint_velocity": torch.zeros(2, 2),
        "torque": torch.zeros(2, 2),
        "action": torch.zeros(2, 2),
    }
    return Transition(**(values | {k: torch.as_tensor(v) for k, v in changes.items()}))


def close(value: torch.Tensor, expected: list[float]) -> bool:
    return torch.allclose(value, torch.tensor(expected), atol=1e-5)


def test_at_the_goal_and_at_rest_only_closeness_counts():
    terms = reward_terms(WEIGHTS, STYLE, transition())
    assert close(terms["goal"], [2.0, 2.0])
    assert all(close(terms[name], [0.0, 0.0]) for name in ("style", "regularization", "drop"))


def test_closeness_falls_with_squared_distance_and_with_the_angle():
    offset = [[0.03, 0.0, 0.04], [0.0, 0.0, 0.0]]  # 5 cm: 1000 * 0.0025 = 2.5
    terms = reward_terms(WEIGHTS, STYLE, transition(offset=offset, angle=[0.4, 0.4]))
    assert close(terms["goal"], [2 * math.exp(-2.5 - 0.6), 2 * math.exp(-0.6)])


def test_joint_error_is_squared_and_subtracted_outside_the_exponential():
    terms = reward_terms(WEIGHTS, STYLE, transition(joint_error=[[0.3, 0.4], [1.0, -2.0]]))
    assert close(terms["goal"], [2 * (1 - 0.1 * 0.25), 2 * (1 - 0.1 * 5.0)])


def test_bonus_is_paid_where_the_goal_is_reached():
    terms = reward_terms(WEIGHTS, STYLE, transition(reached=[True, False]))
    assert close(terms["goal"], [2 * (1 + 25), 2.0])


def test_a_joint_beside_its_motion_pays_the_squared_error():
    weights = dataclasses.replace(WEIGHTS, tracking=0.5)
    step = transition(tracking_error=[[0.3, 0.4], [0.0, 1.0]])  # squared lengths 0.25 and 1
    assert close(tracking_reward(weights, step), [-0.125, -0.5])
    assert close(reward_terms(weights, STYLE, step)["goal"], [2 * (1 - 0.125), 2 * (1 - 0.5)])
    assert close(tracking_reward(WEIGHTS, step), [0.0, 0.0])


def test_a_precise_turn_is_paid_in_a_second_narrow_peak():
    weights = dataclasses.replace(WEIGHTS, precision=3.0)
    step = transition(angle=[0.0, 0.1])  # twice the angle at which 1/e is left
    assert close(precision_reward(weights, step), [3.0, 3 * math.exp(-2)])
    expected = [2 * (1 + 3), 2 * (math.exp(-0.15) + 3 * math.exp(-2))]
    assert close(reward_terms(weights, STYLE, step)["goal"], expected)
    assert close(precision_reward(WEIGHTS, step), [0.0, 0.0])


def test_work_is_the_absolute_total_power():
    speed, torque = [[1.0, -2.0], [1.0, 2.0]], [[0.5, 0.5], [0.5, 0.5]]
    # powers -0.5 and 1.5 W; torques squared 0.5; w_reg 3 x factor 2
    terms = reward_terms(WEIGHTS, STYLE, transition(joint_velocity=speed, torque=torque))
    expected = [-6 * (0.1 * 0.5 + 0.02 * 0.5), -6 * (0.1 * 1.5 + 0.02 * 0.5)]
    assert close(terms["regularization"], expected)


def test_action_is_squared():
    terms = reward_terms(WEIGHTS, STYLE, transition(action=[[1.0, -1.0], [0.5, 0.0]]))
    assert close(terms["regularization"], [-6 * 0.005 * 2.0, -6 * 0.005 * 0.25])


def test_style_penalises_the_speed_of_each_tip():
    velocity = [[[0.3, 0.0, 0.4], [0.0, 0.1, 0.0]], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]
    terms = reward_terms(WEIGHTS, STYLE, transition(tip_velocity=velocity))
    assert close(terms["style"], [-0.5 * 4.0 * 0.2 * (0.5 + 0.1), 0.0])


def test_a_drop_costs_once_whatever_the_style():
    terms = reward_terms(WEIGHTS, STYLE, transition(dropped=[True, False]))
    assert close(terms["drop"], [-15.0, 0.0])


@pytest.mark.parametrize("term", ["style", "regularization"])
def test_a_style_without_factors_pays_for_neither_speed_nor_effort(term):
    free = Style(style_factor=0.0, regularization_factor=0.0)
    step = transition(tip_velocity=torch.ones(2, 2, 3), action=torch.ones(2, 2))
    assert close(reward_terms(WEIGHTS, free, step)[term], [0.0, 0.0])

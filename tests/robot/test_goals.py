"""The operator's goals follow the rules of training: stay, go far, do not turn back."""

import numpy as np
import pytest

from configs.load import load
from configs.schema.robot import RobotConfig, ScriptedOperator
from robot.goals import GoalTracker
from tests.grasps_by_hand import grasp_set

HZ = 20.0


@pytest.fixture(scope="module")
def settings() -> ScriptedOperator:
    return load(RobotConfig, root="robot_config").robot.operator


@pytest.fixture
def goals(settings) -> GoalTracker:
    """Four grasps in a row, 2.5 cm apart; those beside each other are neighbours."""
    links = [[1, -1], [0, 2], [1, 3], [2, -1]]
    made = GoalTracker(grasp_set("row", [0.0, 0.025, 0.05, 0.075], links), settings, HZ)
    made.start(0, np.random.default_rng(0))
    return made


def at(height: float) -> np.ndarray:
    return np.array([0.0, 0.0, height, 1.0, 0.0, 0.0, 0.0])


def stay(goals: GoalTracker, height: float, ticks: int) -> None:
    for _ in range(ticks):
        goals.tick(at(height))


def test_a_goal_is_reached_by_staying_and_the_way_back_is_not_drawn(goals):
    assert goals.row == 1
    stay(goals, 0.02, 9)  # half a second are ten ticks
    stay(goals, 0.0, 1)  # a break
    stay(goals, 0.02, 9)
    assert (goals.reached, goals.row) == (0, 1)
    stay(goals, 0.02, 1)
    assert (goals.reached, goals.row) == (1, 2)  # 0 is a neighbour as well
    stay(goals, 0.05, 10)
    assert (goals.reached, goals.row) == (2, 3)


def test_only_the_way_back_leads_on_from_a_dead_end(goals):
    for height in (0.025, 0.05, 0.075):
        stay(goals, height, 10)
    assert (goals.reached, goals.row) == (3, 2)


def test_a_goal_that_takes_too_long_is_replaced(goals, settings):
    stay(goals, 0.025, 10)
    assert goals.row == 2
    stay(goals, 0.025, round(settings.timeout_s * HZ) - 1)
    assert goals.row == 2
    stay(goals, 0.025, 1)
    assert (goals.reached, goals.row) == (1, 0)


def test_a_goal_that_had_to_be_near_leads_on_but_does_not_count(goals, settings):
    stay(goals, 0.012, round(settings.timeout_s * HZ))  # 1.3 tolerances from the only neighbour
    assert goals.row == 1
    stay(goals, 0.02, 10)
    assert (goals.reached, goals.row) == (0, 2)
    stay(goals, 0.05, 10)
    assert goals.reached == 1

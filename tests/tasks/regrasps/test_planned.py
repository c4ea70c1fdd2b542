"""The expert that plans: it plays the graph's motions, holds at rest, and looks where it is."""

from collections import Counter

import numpy as np
import pytest
import torch

from envs.turning import Turning
from models.rotations import angle
from tasks.experts.planned import PlannedExpert
from tasks.experts.turns import turn
from tasks.regrasps.gait import Planner
from tasks.regrasps.routing import Router
from tests.tasks.regrasps.conftest import Grown

HANDS = 6


@pytest.fixture
def env(grown: Grown):
    made = Turning(
        grown.config.world,
        [grown.problem.model],
        [grown.graph.grasps],
        num_envs=HANDS,
        seed=0,
        style="fast",
        threads=2,
    )
    made.begin()
    yield made
    made.close()


@pytest.fixture
def expert(grown: Grown, env: Turning) -> PlannedExpert:
    step = grown.step
    planner = Planner(grown.problem, step.physics, step.regrasps, step.grasps, 0)
    router = Router(grown.problem, grown.graph)
    return PlannedExpert([planner], [router], grown.config.planned, step.regrasps.servo, env, 0)


def test_a_hand_that_begins_in_a_grasp_of_the_graph_is_found_there(
    grown: Grown,
    env: Turning,
    expert: PlannedExpert,
):
    goal = env.turned(np.eye(3)[[2] * HANDS], np.pi / 2.0)
    state = expert.state(0, np.arange(HANDS), env.joint_target.numpy().astype(float))
    router = expert.routers[0]
    routes = [router.route(row[3:], 0.3, beyond=100.0) for row in goal]
    new: list[Counter[int]] = [Counter() for _ in range(HANDS)]
    place = router.match(state, routes, new, grown.config.planned)
    assert (place.node >= 0).all()


def test_it_turns_to_where_the_graph_leads(
    grown: Grown,
    env: Turning,
    expert: PlannedExpert,
):
    """To the rotation of another grasp of the graph, the farthest: met by most, dropped by none."""
    turns = grown.graph.grasps.object_pose[:, 3:].astype(float)
    goal = env.begun.copy()
    for row in goal:
        row[3:] = turns[angle(turns, np.broadcast_to(row[3:], turns.shape)).argmax()]
    first = angle(env.begun[:, 3:], goal[:, 3:])
    found = turn(env, expert, goal, seconds=15.0, tolerance=float(0.5 * first.min()))
    assert found.success.mean() > 0.5
    assert found.drops == 0


def test_a_turn_is_met_after_half_a_second_and_never_by_a_hand_that_is_still(env: Turning):
    still = torch.zeros(HANDS, env.num_actions)
    there = turn(env, lambda _: still, env.begun.copy(), seconds=1.0, tolerance=0.4)
    assert there.met_s == pytest.approx(np.full(HANDS, 0.5))
    away = turn(
        env, lambda _: still, env.turned(np.eye(3)[[0] * HANDS], 1.5), seconds=1.0, tolerance=0.4
    )
    assert not away.success.any()
    assert away.minutes == pytest.approx(HANDS / 60.0)


def test_with_nothing_to_do_it_holds(env: Turning, expert: PlannedExpert):
    goal = env.begun.copy()
    found = turn(env, expert, goal, seconds=5.0, tolerance=0.0)
    assert found.drops == 0
    off = angle(env.physics.object_pose.numpy()[:, 3:].astype(float), goal[:, 3:])
    assert np.median(off) < 0.3

"""Which motion a hand makes next: the one that leaves least to do."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from configs.schema.planned import Planned
from models.rotations import angle, from_rotation_vector, multiply
from tasks.experts.choosing import Asking, Chooser
from tasks.grasps.candidates import Candidates
from tasks.regrasps.balance import unsteadiness
from tasks.regrasps.gait import Planner
from tasks.regrasps.motion import NO_FINGER
from tasks.regrasps.routing import Router
from tests.tasks.regrasps.conftest import Grown

HANDS = 6


@pytest.fixture(scope="module")
def router(grown: Grown) -> Router:
    return Router(grown.problem, grown.graph)


def chooser(grown: Grown, router: Router, **changed: float) -> Chooser:
    step, config = grown.step, dataclasses.replace(grown.config.planned, **changed)
    planner = Planner(grown.problem, step.physics, step.regrasps, step.grasps, 0)
    return Chooser(planner, router, config, 0)


def asking(router: Router, config: Planned, turn: float, stuck: int = 0) -> Asking:
    """Ask in the first grasps of the graph for a turn about z [rad]."""
    state = router.grasps.take(np.arange(HANDS))
    goal = turned(state, turn).object_pose
    routes = [router.route(row[3:], config.met, config.turn_steps) for row in goal]
    visits: list[Counter[int]] = [Counter() for _ in range(HANDS)]
    return Asking(state, goal, routes, visits, np.full(HANDS, stuck))


def turned(state: Candidates, angles: float) -> Candidates:
    pose = state.object_pose.copy()
    pose[:, 3:] = multiply(from_rotation_vector(np.array([[0.0, 0.0, angles]])), pose[:, 3:])
    return dataclasses.replace(state, object_pose=pose)


def test_a_hand_at_its_goal_does_nothing(grown: Grown, router: Router):
    made = chooser(grown, router)
    assert len(made.next(asking(router, made.config, 0.2))) == 0


def test_each_hand_makes_one_motion_and_the_cheapest(grown: Grown, router: Router):
    made = chooser(grown, router)
    asked = asking(router, made.config, 1.5)
    plans = made.next(asked)
    rows = plans.after.parent
    assert len(np.unique(rows)) == len(rows) > 0
    assert all(sum(asked.visits[row].values()) == 1 for row in rows)
    place = router.match(asked.state, asked.routes, [Counter()] * HANDS, made.config)
    for way in made.ways.values():
        others = way(asking(router, made.config, 1.5), place)
        if way in (made.towards, made.onward, made.mended):  # the others are drawn anew
            cost = made.cost(others, asking(router, made.config, 1.5).take(others.after.parent))[0]
            best = made.cost(plans, asking(router, made.config, 1.5).take(rows))[0]
            for row, mine in zip(rows, best, strict=True):
                assert (cost[others.after.parent == row] >= mine - 1e-9).all()


def test_less_is_left_where_the_object_has_turned_on(grown: Grown, router: Router):
    made = chooser(grown, router)
    asked = asking(router, made.config, 1.5)
    none = np.zeros(asked.state.active.shape)
    near = made.alone(turned(asked.state, 0.5), asked, none)
    assert (near < made.alone(asked.state, asked, none)).all()
    assert (made.alone(turned(asked.state, 1.5), asked, none) == 0.0).all()


def test_a_step_after_steps_that_gained_little_costs_more(grown: Grown, router: Router):
    made = chooser(grown, router)
    costs = []
    for stuck in (0, 2):
        asked = asking(router, made.config, 1.5, stuck)
        steps = made.towards(
            asked, router.match(asked.state, asked.routes, asked.visits, made.config)
        )
        costs.append(made.cost(steps, asked.take(steps.after.parent))[0])
    assert costs[1] - costs[0] == pytest.approx(np.full(len(costs[0]), 2 * made.config.stuck_steps))


def test_a_finger_that_let_go_is_put_back(grown: Grown, router: Router):
    """To where it is in the grasp of the graph that the hand is like."""
    made = chooser(grown, router)
    asked = asking(router, made.config, 1.5)
    lost = asked.state.active.copy()
    lost[:, 0] = False
    state = dataclasses.replace(asked.state, active=lost)
    asked = dataclasses.replace(asked, state=state)
    place = router.match(state, asked.routes, asked.visits, made.config)
    plans = made.mended(asked, place)
    back = plans.finger == 0
    assert back.any()
    there = router.like(place.node, place.turn).take(plans.after.parent[back])
    assert plans.after.point[back, 0] == pytest.approx(there.point[:, 0])
    assert plans.after.active[back, 0].all()


def test_which_fingers_are_needed_is_known(grown: Grown, router: Router):
    """Two fingers that face each other hold; without one of them nothing does."""
    grasps = router.grasps.take(np.array([0]))
    point, normal = np.zeros((1, 4, 3)), np.zeros((1, 4, 3))
    point[0, :, 0], normal[0, :, 0] = [0.03, -0.03, 0.03, 0.03], [1.0, -1.0, 1.0, 1.0]
    active = np.array([[True, True, False, False]])
    pinch = dataclasses.replace(grasps, point=point, normal=normal, active=active)
    everyone, others = unsteadiness(pinch, grown.step.regrasps.balance)
    assert everyone[0] == pytest.approx(0.0, abs=0.01)
    assert (others[0, :2] > 0.5).all()
    assert others[0, 2:] == pytest.approx(0.0, abs=0.01)


def test_steps_and_regrasps_are_both_looked_at(grown: Grown, router: Router):
    made = chooser(grown, router)
    asked = asking(router, made.config, 1.5)
    place = router.match(asked.state, asked.routes, asked.visits, made.config)
    steps, regrasps = made.towards(asked, place), made.regrasps(asked, place)
    assert (steps.finger == NO_FINGER).all()
    assert (regrasps.finger != NO_FINGER).all()
    before = angle(asked.state.object_pose[:, 3:], asked.goal[:, 3:])
    rows = steps.after.parent
    after = angle(steps.after.object_pose[:, 3:], asked.goal[rows, 3:])
    assert (after < before[rows]).all()

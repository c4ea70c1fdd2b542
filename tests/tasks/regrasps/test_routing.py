"""Ways over the graph: the cheapest, from where a hand is, and none where there is none."""

import dataclasses

import numpy as np
import pytest

from envs.shapes.symmetry import STEP
from models.rotations import angle, multiply
from tasks.regrasps.joining import from_set
from tasks.regrasps.likeness import turned as alike
from tasks.regrasps.paths import MOMENTS, follow, moments, turned, way_by
from tasks.regrasps.routing import Router
from tests.tasks.regrasps.conftest import Grown

NEAR, SLID = 1.0, 0.01


@pytest.fixture(scope="module")
def router(grown: Grown) -> Router:
    return Router(grown.problem, grown.graph)


@pytest.fixture(scope="module")
def farthest(router: Router) -> int:
    """Return the node whose rotation is farthest from the root's, of those that it leads to."""
    unrolled = router.unrolled
    labels = unrolled.components()
    mine = np.flatnonzero(labels == labels[0])
    turns = unrolled.rotation[mine]
    return int(mine[angle(turns, np.broadcast_to(turns[0], turns.shape)).argmax()])


def test_a_route_goes_along_motions_to_its_goal_and_costs_what_they_cost(
    router: Router, farthest: int
):
    unrolled = router.unrolled
    route = router.route(unrolled.rotation[farthest], tolerance=1e-6)
    nodes = np.array(follow(route, 0))
    assert nodes[0] == 0
    assert nodes[-1] == farthest
    edges = unrolled.motion(nodes[:-1], nodes[1:])
    assert route.cost[0] == pytest.approx(router.graph.edges.cost[edges].sum())
    assert route.off == pytest.approx(0.0, abs=1e-3)


def test_where_no_grasp_is_near_the_goal_the_nearest_is(router: Router):
    """No grasp is turned like this to within a milliradian."""
    turn = turned(router.unrolled.rotation[0], "x", 1.0)
    route = router.route(turn, tolerance=1e-3)
    assert route.off > 1e-3
    assert way_by(router, "x", 1.0, 1e-3, np.random.default_rng(0)) == []


def match(router: Router, state, turn: np.ndarray) -> np.ndarray:
    route = router.route(turn, tolerance=0.1)
    return router.match(state, [route] * len(state), NEAR, SLID)[0]


def test_a_hand_is_in_the_grasp_that_it_is_in(grown: Grown, router: Router, farthest: int):
    grasps = from_set(grown.problem, grown.graph.grasps)
    found = match(router, grasps, router.unrolled.rotation[farthest])
    assert (found >= 0).all()
    off = angle(router.unrolled.rotation[found], grasps.object_pose[:, 3:])
    assert (off < NEAR * grown.step.grasps.metric.rotation + STEP).all()


def test_a_hand_whose_object_is_turned_by_its_symmetry_is_in_the_same_grasp(
    grown: Grown, router: Router
):
    grasps = router.grasps
    turn = np.tile(router.unrolled.turns[1], (len(grasps), 1))
    turned_so = alike(grasps, turn)
    route = router.route(turned_so.object_pose[0, 3:], tolerance=0.1)
    node, by = router.match(turned_so, [route] * len(grasps), NEAR, SLID)
    motions = np.flatnonzero(route.following[node] >= 0)
    after = route.following[node[motions]]
    _, aim = router.motions(node[motions], after, by[motions])
    edge = router.unrolled.motion(node[motions], after)
    end = router.grasps.object_pose[router.graph.edges.end[edge], 3:]
    full = multiply(multiply(end, router.graph.edges.turn[edge].astype(float)), by[motions])
    assert angle(aim.pose[:, 3:], full) == pytest.approx(0.0, abs=1e-6)


def test_a_hand_far_from_every_grasp_is_in_none(grown: Grown, router: Router):
    grasps = router.grasps
    pose = grasps.object_pose.copy()
    pose[:, 0] += 0.05
    away = dataclasses.replace(grasps, object_pose=pose)
    assert (match(router, away, grasps.object_pose[0, 3:]) == -1).all()


def test_a_hand_whose_finger_is_off_is_not_in_a_grasp_with_it(grown: Grown, router: Router):
    grasps = router.grasps
    nothing = dataclasses.replace(grasps, active=np.zeros_like(grasps.active))
    assert (match(router, nothing, grasps.object_pose[0, 3:]) == -1).all()


def test_what_is_shown_begins_and_ends_in_the_grasps(grown: Grown, router: Router, farthest: int):
    nodes = follow(router.route(router.unrolled.rotation[farthest], tolerance=1e-6), 0)
    seen = moments(grown.problem, router, nodes)
    assert len(seen) == 1 + MOMENTS * (len(nodes) - 1)
    for number, node in enumerate(nodes):
        there = router.at(np.array([node])).object_pose[0]
        assert angle(seen[MOMENTS * number].pose[3:], there[3:]) == pytest.approx(0.0, abs=1e-6)
    assert seen[1].about.startswith(f"motion 1 of {len(nodes) - 1}: ")

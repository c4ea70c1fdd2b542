"""Ways over the graph: the cheapest, from where a hand is, and none where there is none."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from models.rotations import angle
from tasks.regrasps.joining import from_set
from tasks.regrasps.paths import MOMENTS, follow, moments, turned, way_by
from tasks.regrasps.routing import Place, Router
from tests.tasks.regrasps.conftest import Grown


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
    assert route.cost[0] == pytest.approx(router.graph.edges.cost[edges].sum(), abs=0.01)
    assert route.off == pytest.approx(0.0, abs=1e-3)


def test_where_no_grasp_is_near_the_goal_the_nearest_is(router: Router):
    """No grasp is turned like this to within a milliradian."""
    turn = turned(router.unrolled.rotation[0], "x", 1.0)
    route = router.route(turn, tolerance=1e-3)
    assert route.off > 1e-3
    assert way_by(router, "x", 1.0, 1e-3, np.random.default_rng(0)) == []


def test_a_way_may_end_where_it_is_cheapest_to_go_on_without_the_graph(
    router: Router, farthest: int
):
    turn = router.unrolled.rotation[farthest]
    whole = router.route(turn, tolerance=1e-6)
    for beyond in (10.0, 1000.0):
        route = router.route(turn, 1e-6, beyond)
        assert np.isfinite(route.cost).all()
        off = angle(router.unrolled.rotation, np.broadcast_to(turn, (len(route.cost), 4)))
        assert (route.cost <= np.minimum(whole.cost, beyond * off) + 0.01).all()
        ends = route.following < 0
        assert route.cost[ends] == pytest.approx(beyond * off[ends], abs=0.1)


@pytest.fixture
def match(grown: Grown, router: Router):
    """Return where hands are that go to a rotation."""

    def found(state, turn: np.ndarray, visits: Counter | None = None) -> Place:
        count, route = len(state), router.route(turn, tolerance=0.1)
        seen = [visits or Counter() for _ in range(count)]
        return router.match(state, [route] * count, seen, grown.config.planned)

    return found


def test_a_hand_is_in_the_grasp_that_it_is_in(grown: Grown, router: Router, farthest: int, match):
    grasps = from_set(grown.problem, grown.graph.grasps)
    found = match(grasps, router.unrolled.rotation[farthest]).node
    assert (found >= 0).all()
    off = angle(router.unrolled.rotation[found], grasps.object_pose[:, 3:])
    assert (off < np.pi / 2.0 + 0.3).all()  # of a sphere only quarter turns are told apart


def test_a_node_that_was_tried_to_no_end_costs_more(router: Router, match):
    grasps, goal = router.grasps.take(np.array([1])), router.unrolled.rotation[0]
    first = match(grasps, goal)
    again = match(grasps, goal, Counter({int(first.node[0]): 100}))
    assert again.node[0] != first.node[0]
    assert again.cost[0] >= first.cost[0]


def test_a_finger_that_does_not_touch_has_gone_astray(router: Router, match):
    grasps = router.grasps
    lost = grasps.active.copy()
    lost[:, 0] = False
    place = match(dataclasses.replace(grasps, active=lost), router.unrolled.rotation[0])
    touched = grasps.active[place.node // router.unrolled.copies, 0]
    assert np.isinf(place.slid[touched, 0]).all()


def test_what_leads_on_is_the_routes_next_motion(grown: Grown, router: Router, farthest: int):
    route = router.route(router.unrolled.rotation[farthest], tolerance=1e-6)
    turn, pose = router.unrolled.turns[0], router.at(np.array([0])).object_pose[0]
    finger, node, _ = router.onward(0, turn, pose, route, grown.step.regrasps.gait)
    way = follow(route, 0)
    assert node in way[1:]
    edges = router.unrolled.motion(np.array(way[:-1]), np.array(way[1:]))
    passed = router.graph.edges.finger[edges[: way.index(node)]]
    assert (passed[:-1] < 0).all()
    assert finger == passed[-1]


def test_a_hand_far_from_every_grasp_has_farther_to_go(router: Router, match):
    grasps = router.grasps
    pose = grasps.object_pose.copy()
    pose[:, 0] += 0.05
    away = dataclasses.replace(grasps, object_pose=pose)
    goal = grasps.object_pose[0, 3:]
    assert (match(away, goal).cost > match(grasps, goal).cost).all()


def test_what_is_shown_begins_and_ends_in_the_grasps(grown: Grown, router: Router, farthest: int):
    nodes = follow(router.route(router.unrolled.rotation[farthest], tolerance=1e-6), 0)
    seen = moments(grown.problem, router, nodes)
    assert len(seen) == 1 + MOMENTS * (len(nodes) - 1)
    for number, node in enumerate(nodes):
        there = router.at(np.array([node])).object_pose[0]
        assert angle(seen[MOMENTS * number].pose[3:], there[3:]) == pytest.approx(0.0, abs=1e-6)
    assert seen[1].about.startswith(f"motion 1 of {len(nodes) - 1}: ")

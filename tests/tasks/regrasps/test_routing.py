"""Ways over the graph: the cheapest, from where a hand is, and none where there is none."""

import itertools

import numpy as np
import pytest

from models.rotations import angle, from_rotation_vector, multiply
from tasks.regrasps.joining import from_set
from tasks.regrasps.paths import MOMENTS, follow, moments, turned, way_by
from tasks.regrasps.routing import Router
from tests.tasks.regrasps.conftest import Grown

NEAR = 1.0


@pytest.fixture(scope="module")
def router(grown: Grown) -> Router:
    return Router(grown.problem, grown.graph)


@pytest.fixture(scope="module")
def farthest(router: Router) -> int:
    """Return the grasp whose rotation is farthest from the root's."""
    turns = router.nodes.object_pose[:, 3:]
    return int(angle(turns, np.broadcast_to(turns[0], turns.shape)).argmax())


def test_a_route_goes_along_motions_to_its_goal_and_costs_what_they_cost(
    router: Router, farthest: int
):
    route = router.route(router.nodes.object_pose[farthest, 3:], tolerance=1e-6)
    grasps = follow(route, 0)
    assert grasps[0] == 0
    assert grasps[-1] == farthest
    edges = [router.edge_of[pair] for pair in itertools.pairwise(grasps)]
    assert route.cost[0] == pytest.approx(router.graph.edges.cost[edges].sum())
    assert route.off == pytest.approx(0.0, abs=1e-3)


def test_where_no_grasp_is_near_the_goal_the_nearest_is(router: Router):
    """No grasp of a small graph has turned the sphere by half a turn."""
    turn = turned(router.nodes.object_pose[0, 3:], "x", np.pi)
    route = router.route(turn, tolerance=0.1)
    assert route.off > 0.1
    assert np.isfinite(route.cost).all()
    assert way_by(router, "x", np.pi, 0.1, np.random.default_rng(0)) == []


def test_a_hand_is_in_the_grasp_that_it_is_in(grown: Grown, router: Router, farthest: int):
    nodes = from_set(grown.problem, grown.graph.grasps)
    route = router.route(nodes.object_pose[farthest, 3:], tolerance=0.1)
    found = router.match(nodes, [route] * len(nodes), NEAR)
    off = angle(router.nodes.object_pose[found, 3:], nodes.object_pose[:, 3:])
    assert (off < NEAR * grown.step.grasps.metric.rotation).all()


def test_a_hand_far_from_every_grasp_is_in_none(grown: Grown, router: Router):
    nodes = from_set(grown.problem, grown.graph.grasps)
    route = router.route(nodes.object_pose[0, 3:], tolerance=0.1)
    pose = nodes.object_pose.copy()
    half = from_rotation_vector(np.tile([np.pi, 0.0, 0.0], (len(pose), 1)))
    pose[:, 3:] = multiply(half, pose[:, 3:])
    turned_over = type(nodes)(**(vars(nodes) | {"object_pose": pose}))
    assert (router.match(turned_over, [route] * len(nodes), NEAR) == -1).all()


def test_a_hand_whose_finger_is_off_is_not_in_a_grasp_with_it(grown: Grown, router: Router):
    nodes = from_set(grown.problem, grown.graph.grasps)
    route = router.route(nodes.object_pose[0, 3:], tolerance=0.1)
    nothing = type(nodes)(**(vars(nodes) | {"active": np.zeros_like(nodes.active)}))
    assert (router.match(nothing, [route] * len(nodes), NEAR) == -1).all()


def test_what_is_shown_begins_and_ends_in_the_grasps(grown: Grown, router: Router, farthest: int):
    grasps = follow(router.route(router.nodes.object_pose[farthest, 3:], tolerance=1e-6), 0)
    seen = moments(grown.problem, router, grasps)
    assert len(seen) == 1 + MOMENTS * (len(grasps) - 1)
    for number, grasp in enumerate(grasps):
        assert seen[MOMENTS * number].pose == pytest.approx(router.nodes.object_pose[grasp])
    assert seen[1].about.startswith(f"motion 1 of {len(grasps) - 1}: ")

"""A way over a grasp graph as pictures show it: where hand and object are, moment by moment."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from envs.grasp_graph import NAMES, GraspGraph
from models.rotations import from_rotation_vector, multiply, slerp
from tasks.grasps.problem import Problem
from tasks.regrasps.motion import Motions
from tasks.regrasps.routing import Route, Router

MOMENTS = 12  # shown of each motion
AXES = ("x", "y", "z")  # of the hand


@dataclass(frozen=True)
class Moment:
    """One picture."""

    joints: np.ndarray  # [n] rad
    pose: np.ndarray  # [7]
    about: str  # which motion it belongs to


def turned(turn: np.ndarray, axis: str, angle: float) -> np.ndarray:
    """Return the rotation [4] after a turn by `angle` [rad] about an axis of the hand."""
    return multiply(from_rotation_vector(angle * np.eye(3)[AXES.index(axis)]), turn)


def way_by(
    router: Router, axis: str, angle: float, tolerance: float, rng: np.random.Generator
) -> list[int]:
    """Return the grasps of the best way that turns the object by `angle` [rad] from some grasp.

    Grasps are tried in a random order; the first from which the turn is met within `tolerance`
    [rad] is taken. An empty list: the graph has no such way.
    """
    nodes = router.nodes
    for start in rng.permutation(len(nodes)).tolist():
        route = router.route(turned(nodes.object_pose[start, 3:], axis, angle), tolerance)
        if route.off <= tolerance and np.isfinite(route.cost[start]):
            return follow(route, start)
    return []


def follow(route: Route, start: int) -> list[int]:
    """Return the grasps from `start` to the route's goal."""
    grasps = [start]
    while (following := int(route.following[grasps[-1]])) >= 0:
        grasps.append(following)
    return grasps


def moments(problem: Problem, router: Router, grasps: list[int]) -> list[Moment]:
    """Return what is seen on the way along `grasps`, a picture for each twelfth of a motion.

    A finger that goes elsewhere follows its targets; all else goes from one grasp to the next.
    """
    nodes, graph = router.nodes, router.graph
    first = nodes.take(np.array(grasps[:1]))
    seen = [Moment(first.joint_position[0], first.object_pose[0], "where it begins")]
    for number, (start, end) in enumerate(pairwise(grasps), 1):
        edge = router.edge_of[start, end]
        about = f"motion {number} of {len(grasps) - 1}: {told(problem, graph, edge)}"
        seen += [
            Moment(*between(problem, router, edge, share), about)
            for share in np.linspace(0.0, 1.0, MOMENTS + 1)[1:]
        ]
    return seen


def told(problem: Problem, graph: GraspGraph, edge: int) -> str:
    """Return a motion's kind, finger and success in words."""
    edges = graph.edges
    finger = int(edges.finger[edge])
    who = f", {problem.hand.fingers[finger].name}" if finger >= 0 else ""
    landed = f"landed {edges.landed[edge]} of {edges.draws[edge]}"
    return f"{NAMES[edges.kind[edge]]}{who}, {edges.length[edge]} steps, {landed}"


def between(
    problem: Problem, router: Router, edge: int, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return joints [n] and object pose [7] after `share` of a motion."""
    edges, nodes = router.graph.edges, router.nodes
    start, end = int(edges.start[edge]), int(edges.end[edge])
    joints = (1.0 - share) * nodes.joint_position[start] + share * nodes.joint_position[end]
    motion = Motions(edges.target[[edge]].astype(float), edges.steps[[edge]].astype(int))
    step = np.array([round(share * float(motion.length[0]))])
    targets = motion.at(nodes.joint_target[[start]], step)[0]
    own = problem.finger_of_joint == edges.finger[edge]
    part = np.array([share])
    turn = slerp(nodes.object_pose[[start], 3:], nodes.object_pose[[end], 3:], part)[0]
    place = (1.0 - share) * nodes.object_pose[start, :3] + share * nodes.object_pose[end, :3]
    return np.where(own, targets, joints), np.concatenate([place, turn])

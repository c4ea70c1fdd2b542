"""A way over a grasp graph as pictures show it: where hand and object are, moment by moment."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from envs.grasp_graph import NAMES, GraspGraph
from models.rotations import from_rotation_vector, multiply
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.regrasps.motion import Motions
from tasks.regrasps.routing import Route, Router
from tasks.regrasps.underway import between as pose_between

MOMENTS = 12  # shown of each motion
AXES = ("x", "y", "z")  # of the hand


@dataclass(frozen=True)
class Picture:
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
    """Return the nodes of the best way that turns the object by `angle` [rad] from some grasp.

    Grasps are tried in a random order; the first from which the turn is met within `tolerance`
    [rad] is taken. An empty list: the graph has no such way.
    """
    for start in (rng.permutation(len(router.grasps)) * router.unrolled.copies).tolist():
        goal = turned(router.unrolled.rotation[start], axis, angle)
        route = router.route(goal, tolerance)
        if route.off <= tolerance and np.isfinite(route.cost[start]):
            return follow(route, start)
    return []


def follow(route: Route, start: int) -> list[int]:
    """Return the nodes from `start` to the route's goal."""
    nodes = [start]
    while (following := int(route.following[nodes[-1]])) >= 0:
        nodes.append(following)
    return nodes


def moments(problem: Problem, router: Router, nodes: list[int]) -> list[Picture]:
    """Return what is seen on the way along `nodes`, a picture for each twelfth of a motion.

    A finger that goes elsewhere follows its targets; all else goes from one grasp to the next.
    """
    first = router.at(np.array(nodes[:1]))
    seen = [Picture(first.joint_position[0], first.object_pose[0], "where it begins")]
    for number, pair in enumerate(pairwise(nodes), 1):
        start, end = (router.at(np.array([node])) for node in pair)
        edge = int(router.unrolled.motion(*np.array(pair)[:, None])[0])
        about = f"motion {number} of {len(nodes) - 1}: {told(problem, router.graph, edge)}"
        seen += [
            Picture(*between(problem, router.graph, edge, start, end, share), about)
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
    problem: Problem, graph: GraspGraph, edge: int, start: Candidates, end: Candidates, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return joints [n] and object pose [7] after `share` of a motion from one grasp to another."""
    edges, part = graph.edges, np.array([share])
    joints = (1.0 - share) * start.joint_position[0] + share * end.joint_position[0]
    motion = Motions(edges.target[[edge]].astype(float), edges.steps[[edge]].astype(int))
    step = np.array([round(share * float(motion.length[0]))])
    targets = motion.at(start.joint_target, step)[0]
    own = problem.finger_of_joint == edges.finger[edge]
    pose = pose_between(start.object_pose, end.object_pose, part)[0]
    return np.where(own, targets, joints), pose

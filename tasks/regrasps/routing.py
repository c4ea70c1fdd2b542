"""Ways over a grasp graph: from where a hand is to a pose of the object, motion by motion."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from envs.grasp_graph import GraspGraph
from models.rotations import multiply
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.regrasps.joining import from_set
from tasks.regrasps.likeness import Likeness, turned
from tasks.regrasps.motion import Aim, Motions
from tasks.regrasps.unrolled import Unrolled

WORTH = 40.0  # [control steps] that a unit of the metric between hand and grasp counts for


@dataclass(frozen=True)
class Route:
    """The best ways from every node of the unrolled graph to one goal."""

    cost: np.ndarray  # [G K] control steps, divided by success rates; inf: there is no way
    following: np.ndarray  # [G K] the node to go to next, -1: none
    off: float  # [rad] from the nearest node's rotation to the one that was asked for


class Router:
    """Finds ways over one object's graph; its nodes are those of tasks/regrasps/unrolled.py."""

    def __init__(self, problem: Problem, graph: GraspGraph) -> None:
        self.graph = graph
        self.grasps = from_set(problem, graph.grasps)
        self.unrolled = Unrolled(graph, problem.symmetry)
        self.back: csr_matrix = self.unrolled.links.T.tocsr()
        self.likeness = Likeness(problem, graph.metric, self.grasps)

    def route(self, turn: np.ndarray, tolerance: float) -> Route:
        """Return the ways to all nodes whose rotation is within `tolerance` [rad] of `turn` [4];
        where there is none, to the one nearest to it."""
        off = 2.0 * np.arccos(np.clip(np.abs(self.unrolled.rotation @ turn), 0.0, 1.0))
        goals = np.flatnonzero(off <= max(tolerance, float(off.min())))
        cost, before, _ = dijkstra(
            self.back, indices=goals, return_predecessors=True, min_only=True
        )
        return Route(cost, np.where(before < 0, -1, before), float(off.min()))

    def match(
        self, state: Candidates, routes: list[Route], reach: float, slid: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the node [N] that each hand is in, with the cheapest way on, and the turn [N, 4]
        that its grasp's object is turned by; -1: in none.

        The grasp's fingers are on the object, each tip within `slid` [m] of its place, and it is
        nearer than `reach` under the metric.
        """
        alike = self.likeness.of(state)
        held = (state.active[:, None] | ~self.grasps.active[alike.grasp]).all(axis=2)
        copies = self.unrolled.copies
        node = alike.grasp * copies + self.unrolled.nearest(alike.turn)
        near = held & (alike.off < reach) & (alike.slid < slid)
        onward = np.stack([route.cost[n] for route, n in zip(routes, node, strict=True)])
        cost = np.where(near, onward + WORTH * alike.off, np.inf)
        rows, best = np.arange(len(state)), cost.argmin(axis=1)
        found = np.where(np.isfinite(cost[rows, best]), node[rows, best], -1)
        return found, alike.turn[rows, best]

    def at(self, node: np.ndarray) -> Candidates:
        """Return the grasps of nodes [M], the object turned as it is there."""
        grasp, turn = self.grasps.take(node // self.unrolled.copies), node % self.unrolled.copies
        return turned(grasp, self.unrolled.turns[turn])

    def motions(self, start: np.ndarray, end: np.ndarray, turn: np.ndarray) -> tuple[Motions, Aim]:
        """Return the graph's motions from nodes `start` [M] to `end` [M], and their aims where the
        object of the first grasp is turned by `turn` [M, 4]."""
        chosen, edges = self.unrolled.motion(start, end), self.graph.edges
        motions = Motions(edges.target[chosen].astype(float), edges.steps[chosen].astype(int))
        end_turn = multiply(edges.turn[chosen].astype(float), turn)
        there = turned(self.grasps.take(end // self.unrolled.copies), end_turn)
        return motions, Aim.at(there, edges.finger[chosen])

"""Ways over a grasp graph: from where a hand is to a pose of the object, motion by motion."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from envs.grasp_graph import GraspGraph
from models.rotations import angle
from tasks.grasps.candidates import Candidates
from tasks.grasps.metric import combine, distances, embed_pose
from tasks.grasps.problem import Problem
from tasks.regrasps.joining import from_set
from tasks.regrasps.measure import adjacency
from tasks.regrasps.motion import Motions

NEAREST = 48  # grasps in pose among which a hand's own is looked for
WORTH = 40.0  # [control steps] that a unit of the metric between hand and grasp counts for


@dataclass(frozen=True)
class Route:
    """The best ways from every grasp to one goal."""

    cost: np.ndarray  # [G] control steps, divided by success rates; inf: there is no way
    following: np.ndarray  # [G] the grasp to go to next, -1: none
    off: float  # [rad] from the nearest grasp's rotation to the one that was asked for


class Router:
    """Finds ways over one object's graph."""

    def __init__(self, problem: Problem, graph: GraspGraph) -> None:
        self.graph, self.metric = graph, graph.metric
        self.nodes = from_set(problem, graph.grasps)
        links = adjacency(graph)
        self.back: csr_matrix = links.T.tocsr()
        points = embed_pose(self.metric, self.nodes.object_pose)
        opposite = points.copy()
        opposite[:, 3:] *= -1.0
        self.tree = KDTree(np.concatenate([points, opposite]))
        self.edge_of = self._best_edges()

    def _best_edges(self) -> dict[tuple[int, int], int]:
        edges = self.graph.edges
        order = np.argsort(-edges.cost, kind="stable")  # the cheapest is entered last
        pairs = zip(edges.start[order].tolist(), edges.end[order].tolist(), strict=True)
        return dict(zip(pairs, order.tolist(), strict=True))

    def route(self, turn: np.ndarray, tolerance: float) -> Route:
        """Return the ways to all grasps whose rotation is within `tolerance` [rad] of `turn` [4];
        where there is none, to the one nearest to it."""
        turns = self.nodes.object_pose[:, 3:]
        off = angle(turns, np.broadcast_to(turn, turns.shape))
        goals = np.flatnonzero(off <= max(tolerance, float(off.min())))
        cost, before, _ = dijkstra(
            self.back, indices=goals, return_predecessors=True, min_only=True
        )
        return Route(cost, np.where(before < 0, -1, before), float(off.min()))

    def match(self, state: Candidates, routes: list[Route], reach: float) -> np.ndarray:
        """Return the grasp [N] that each hand is in, with the cheapest way on; -1: in none.

        Its fingers are on the object, and it is nearer than `reach` under the metric. Contacts are
        not compared: where a tip lies flat, its point is anywhere along it.
        """
        count = len(self.nodes)
        near = self.tree.query(embed_pose(self.metric, state.object_pose), min(NEAREST, count))[1]
        near = np.asarray(near).reshape(len(state), -1) % count
        held = (state.active[:, None] | ~self.nodes.active[near]).all(axis=2)
        here = state.object_pose[:, None], state.joint_position[:, None]
        parts = distances(*here, self.nodes.object_pose[near], self.nodes.joint_position[near])
        off = combine(self.metric, parts)
        onward = np.stack([r.cost[n] for r, n in zip(routes, near, strict=True)])
        cost = np.where(held & (off < reach), onward + WORTH * off, np.inf)
        best = cost.argmin(axis=1)
        rows = np.arange(len(state))
        return np.where(np.isfinite(cost[rows, best]), near[rows, best], -1)

    def motions(self, start: np.ndarray, end: np.ndarray) -> Motions:
        """Return the graph's motions from grasps `start` [M] to `end` [M]."""
        pairs = zip(start.tolist(), end.tolist(), strict=True)
        chosen = np.array([self.edge_of[pair] for pair in pairs], dtype=int)
        edges = self.graph.edges
        return Motions(edges.target[chosen].astype(float), edges.steps[chosen].astype(int))

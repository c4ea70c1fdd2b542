"""A grasp graph with what looks alike told apart: a box turned by 90 degrees is another pose.

A grasp of an object turned by its symmetry is the same for the hand. So each grasp g stands for K
poses, one for each turn s of the symmetry, and a motion from g leads on from each: it goes from
(g, s) to (end, turn s). Node (g, s) has the number g K + s.
"""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from envs.grasp_graph import GraspGraph
from envs.shapes.symmetry import Symmetry
from models.rotations import multiply


class Unrolled:
    """G grasps in K turns each, and the motions between them."""

    def __init__(self, graph: GraspGraph, symmetry: Symmetry) -> None:
        self.turns = symmetry.group()  # [K, 4]
        self.copies = len(self.turns)
        self.count = len(graph.grasps) * self.copies
        turn = graph.grasps.object_pose[:, None, 3:].astype(float)
        self.rotation = multiply(turn, self.turns).reshape(-1, 4)  # [G K, 4]
        self.links, self.edge = self._links(graph)

    def _links(self, graph: GraspGraph) -> tuple[csr_matrix, np.ndarray]:
        """Return what each motion costs [G K, G K], the least of parallel ones, and which motion
        each entry is, in the order of the matrix's data."""
        edges, copies = graph.edges, np.arange(self.copies)
        after = multiply(edges.turn[:, None].astype(float), self.turns)  # [E, K, 4]
        start = edges.start[:, None].astype(np.int64) * self.copies + copies
        end = edges.end[:, None].astype(np.int64) * self.copies + self.nearest(after)
        which = np.broadcast_to(np.arange(len(edges))[:, None], start.shape).ravel()
        start, end, cost = start.ravel(), end.ravel(), edges.cost[which]
        order = np.lexsort((cost, end, start))
        pair = np.stack([start[order], end[order]], axis=1)
        first = np.concatenate([[True], (np.diff(pair, axis=0) != 0).any(axis=1)])[: len(pair)]
        chosen = order[first]
        entries = (cost[chosen], (start[chosen], end[chosen]))
        links = csr_matrix(entries, shape=(self.count, self.count))
        return links, which[chosen]

    def nearest(self, turn: np.ndarray) -> np.ndarray:
        """Return which turn of the group is nearest to rotations [..., 4], [...]."""
        return np.abs(turn @ self.turns.T).argmax(axis=-1)

    def motion(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return the motions [M] of the graph from nodes `start` [M] to `end` [M]."""
        found = np.empty(len(start), dtype=int)
        for i, (one, other) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
            first, last = self.links.indptr[one], self.links.indptr[one + 1]
            found[i] = first + np.searchsorted(self.links.indices[first:last], other)
        return self.edge[found]

    def components(self) -> np.ndarray:
        """Label the strongly connected components [G K], the largest 0."""
        labels = connected_components(self.links, connection="strong")[1]
        order = np.argsort(-np.bincount(labels), kind="stable")
        return np.argsort(order)[labels]

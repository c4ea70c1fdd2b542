"""How far a grasp graph leads: components, and turns that are within reach of a grasp.

Poses count as they are: a box turned by 90 degrees is another pose though it looks alike.
"""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from envs.grasp_graph import KINDS, NAMES, GraspGraph
from models.rotations import angle, conjugate, from_rotation_vector, multiply

AXES = ("x", "y", "z")
STARTS = 128  # grasps from which turns are measured
QUARTER = np.pi / 2.0  # [rad]
MET = 0.45  # [rad] a turn is met within


def adjacency(graph: GraspGraph) -> csr_matrix:
    """Return the graph as a matrix [G, G] of what each motion costs (Edges.cost), the least of
    parallel ones."""
    edges, count = graph.edges, len(graph.grasps)
    cost = edges.cost
    order = np.lexsort((cost, edges.end, edges.start))
    pairs = np.stack([edges.start[order], edges.end[order]], axis=1)
    first = np.concatenate([[True], (np.diff(pairs, axis=0) != 0).any(axis=1)])[: len(pairs)]
    chosen = order[first]
    shape = (count, count)
    return csr_matrix((cost[chosen], (edges.start[chosen], edges.end[chosen])), shape=shape)


def strong_components(links: csr_matrix) -> np.ndarray:
    """Label the strongly connected components [G], the largest 0."""
    labels = connected_components(links, connection="strong")[1]
    order = np.argsort(-np.bincount(labels), kind="stable")
    return np.argsort(order)[labels]


def reach(graph: GraspGraph, links: csr_matrix, seed: int) -> dict[str, dict[str, float]]:
    """Return, for each axis of the hand, the share of grasps that lead to a turn by 90 degrees
    about it, one way or the other, and the median of the greatest turn [deg]."""
    rng, count = np.random.default_rng(seed), len(graph.grasps)
    starts = rng.choice(count, min(STARTS, count), replace=False)
    away = dijkstra(links, indices=starts, unweighted=True)
    turns = graph.grasps.object_pose[:, 3:].astype(float)
    found = {}
    for number, name in enumerate(AXES):
        met, most = [], []
        for start, far in zip(starts, away, strict=True):
            there = turns[np.isfinite(far)]
            way = multiply(there, conjugate(turns[start])[None])
            met.append(_meets(way, number))
            most.append(_greatest(way, number))
        found[name] = {
            "turn_90": float(np.mean(met)),
            "greatest_deg": float(np.degrees(np.median(most))),
        }
    return found


def _meets(way: np.ndarray, axis: int) -> bool:
    """Say whether one of the rotations [R, 4] is a turn by 90 degrees about a hand axis."""
    signs = np.array([[1.0], [-1.0]]) * QUARTER * np.eye(3)[axis]
    goals = from_rotation_vector(signs)
    return bool((angle(way[:, None], np.broadcast_to(goals, (len(way), 2, 4))) < MET).any())


def _greatest(way: np.ndarray, axis: int) -> float:
    """Return the greatest turn about a hand axis of rotations [R, 4] that are within MET of a turn
    about it [rad]."""
    turn = 2.0 * np.arctan2(way[:, 1 + axis], way[:, 0])
    turn = np.abs((turn + np.pi) % (2.0 * np.pi) - np.pi)
    pure = np.zeros((len(way), 3))
    pure[:, axis] = 2.0 * np.arctan2(way[:, 1 + axis], way[:, 0])
    close = angle(way, from_rotation_vector(pure)) < MET
    return float(turn[close].max()) if close.any() else 0.0


def describe(graph: GraspGraph, seed: int) -> dict[str, object]:
    """Return the graph's figures for people and for the summary."""
    links = adjacency(graph)
    labels = strong_components(links)
    active = (graph.grasps.contacts.finger >= 0).sum(axis=1)
    kinds = {
        name: int((graph.edges.kind == kind).sum()) for kind, name in zip(KINDS, NAMES, strict=True)
    }
    return {
        "grasps": len(graph.grasps),
        "edges": len(graph.edges),
        "by_kind": kinds,
        "four_fingers": float((active >= 4).mean()),
        "components": int(labels.max()) + 1,
        "largest_strong_component": float((labels == 0).mean()),
        "reach": reach(graph, links, seed),
    }

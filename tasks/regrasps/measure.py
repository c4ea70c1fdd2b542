"""How far a grasp graph leads: components, and turns that are within reach of a grasp.

Poses count as they are: a box turned by 90 degrees is another pose though it looks alike.
"""

import numpy as np

from envs.grasp_graph import KINDS, NAMES, GraspGraph
from envs.shapes.symmetry import Symmetry
from models.rotations import angle, conjugate, from_rotation_vector, multiply
from tasks.regrasps.unrolled import Unrolled

AXES = ("x", "y", "z")
STARTS = 128  # grasps from which turns are measured
QUARTER = np.pi / 2.0  # [rad]
MET = 0.45  # [rad] a turn is met within


def reach(unrolled: Unrolled, labels: np.ndarray, seed: int) -> dict[str, dict[str, float]]:
    """Return, for each axis of the hand, the share of grasps that lead to a turn by 90 degrees
    about it, one way or the other, and back; and the median of the greatest turn [deg].

    `labels` [G K] are the strongly connected components.
    """
    rng = np.random.default_rng(seed)
    starts = rng.choice(unrolled.count, min(STARTS, unrolled.count), replace=False)
    found = {}
    ways = [
        multiply(unrolled.rotation[labels == labels[one]], conjugate(unrolled.rotation[one])[None])
        for one in starts
    ]
    for number, name in enumerate(AXES):
        found[name] = {
            "turn_90": float(np.mean([_meets(way, number) for way in ways])),
            "greatest_deg": float(np.degrees(np.median([_greatest(way, number) for way in ways]))),
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


def describe(graph: GraspGraph, symmetry: Symmetry, seed: int) -> dict[str, object]:
    """Return the graph's figures for people and for the summary."""
    unrolled = Unrolled(graph, symmetry)
    labels = unrolled.components()
    active = (graph.grasps.contacts.finger >= 0).sum(axis=1)
    kinds = {
        name: int((graph.edges.kind == kind).sum()) for kind, name in zip(KINDS, NAMES, strict=True)
    }
    return {
        "grasps": len(graph.grasps),
        "turns_alike": unrolled.copies,
        "edges": len(graph.edges),
        "by_kind": kinds,
        "four_fingers": float((active >= 4).mean()),
        "components": int(labels.max()) + 1,
        "largest_strong_component": float((labels == 0).mean()),
        "reach": reach(unrolled, labels, seed),
    }

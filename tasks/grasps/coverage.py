"""What a set of grasps covers: where the object may be, how it may be turned, by which fingers."""

from typing import Any

import numpy as np
from scipy.spatial import KDTree

from configs.schema.hand import Hand
from envs.grasp_set import GraspSet
from envs.shapes.symmetry import NONE, Symmetry
from models.rotations import random_quaternions
from tasks.grasps.metric import components

CELL = 0.01  # [m] edge of a position cell: the goal's tolerance
REFERENCES = 512  # rotations spread evenly, each standing for those nearest to it: 0.5 rad apart
DRAWS = 200_000  # rotations that count the bins: some lie at the seam only
SILVER = (np.sqrt(2.0), 1.533751168755204288118041)  # of super-Fibonacci spirals (Alexa, 2022)


def cover(grasps: GraspSet, symmetry: Symmetry, hand: Hand) -> dict[str, Any]:
    """Return counts of occupied cells and bins, of finger sets and of connected components.

    Rotations are taken modulo the object's symmetry: a cylinder turned about its axis looks as it
    did, and counts once.
    """
    sizes = np.bincount(components(grasps.neighbours)) if len(grasps) else np.zeros(0, dtype=int)
    cells = np.unique(np.floor(grasps.object_pose[:, :3] / CELL), axis=0)
    return {
        "symmetry": symmetry.describe(),
        "position_cells": len(cells),
        "position_cell_m": CELL,
        "rotation_bins": len(np.unique(rotation_bins(grasps.object_pose[:, 3:], symmetry))),
        "rotation_bins_of": bins_of(symmetry),
        "fingers": finger_sets(grasps, hand),
        "components": len(sizes),
        "largest_component": int(sizes.max(initial=0)),
    }


def rotation_bins(rotations: np.ndarray, symmetry: Symmetry) -> np.ndarray:
    """Return the number [G] of the reference nearest to each rotation [G, 4] that looks alike and
    is nearest to no turn at all."""
    known = spread_rotations()
    tree = KDTree(np.concatenate([known, -known]))
    alike = symmetry.nearest(rotations.astype(float), NONE.turns[0])
    return np.asarray(tree.query(alike)[1]) % REFERENCES


def bins_of(symmetry: Symmetry) -> int:
    """Return how many bins rotations fall into: beside the references' own those at the seam,
    where what looks alike is equally far from no turn at all."""
    every = random_quaternions(np.random.default_rng(0), DRAWS)
    every = np.concatenate([spread_rotations(), every])
    return len(np.unique(rotation_bins(every, symmetry)))


def spread_rotations() -> np.ndarray:
    """Return REFERENCES rotations [R, 4] spread evenly: a super-Fibonacci spiral."""
    s = np.arange(REFERENCES) + 0.5
    share = s / REFERENCES
    alpha, beta = (2.0 * np.pi * s / ratio for ratio in SILVER)
    inner, outer = np.sqrt(share), np.sqrt(1.0 - share)
    rings = (inner * np.sin(alpha), inner * np.cos(alpha), outer * np.sin(beta))
    return np.stack([*rings, outer * np.cos(beta)], axis=1)


def finger_sets(grasps: GraspSet, hand: Hand) -> dict[str, int]:
    """Return how many grasps each set of fingers holds, the most frequent first."""
    names = [finger.name for finger in hand.fingers]
    sets, counts = np.unique(grasps.contacts.finger, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {
        " ".join(names[finger] for finger in sets[i] if finger >= 0): int(counts[i]) for i in order
    }

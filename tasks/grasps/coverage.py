"""What a set of grasps covers: where the object may be, how it may be turned, by which fingers."""

from typing import Any

import numpy as np

from configs.schema.hand import Hand
from envs.grasp_set import GraspSet
from envs.shapes.rotation_bins import nearest_reference, spread_rotations
from envs.shapes.symmetry import NONE, Symmetry
from models.rotations import random_quaternions
from tasks.grasps.metric import components

CELL = 0.01  # [m] edge of a position cell: the goal's tolerance
DRAWS = 200_000  # rotations that count the bins: some lie at the seam only


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
    return nearest_reference(symmetry.nearest(rotations.astype(float), NONE.turns[0]))


def bins_of(symmetry: Symmetry) -> int:
    """Return how many bins rotations fall into: beside the references' own those at the seam,
    where what looks alike is equally far from no turn at all."""
    every = random_quaternions(np.random.default_rng(0), DRAWS)
    every = np.concatenate([spread_rotations(), every])
    return len(np.unique(rotation_bins(every, symmetry)))


def finger_sets(grasps: GraspSet, hand: Hand) -> dict[str, int]:
    """Return how many grasps each set of fingers holds, the most frequent first."""
    names = [finger.name for finger in hand.fingers]
    sets, counts = np.unique(grasps.contacts.finger, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {
        " ".join(names[finger] for finger in sets[i] if finger >= 0): int(counts[i]) for i in order
    }

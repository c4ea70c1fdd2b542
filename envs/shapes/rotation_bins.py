"""Rotations spread evenly, each standing for those nearest to it: what coverage is counted in."""

import numpy as np
from scipy.spatial import KDTree

REFERENCES = 512  # rotations, 0.5 rad apart
SILVER = (np.sqrt(2.0), 1.533751168755204288118041)  # of super-Fibonacci spirals (Alexa, 2022)


def nearest_reference(rotations: np.ndarray) -> np.ndarray:
    """Return the number [G] of the reference nearest to each rotation [G, 4]."""
    known = spread_rotations()
    tree = KDTree(np.concatenate([known, -known]))
    return np.asarray(tree.query(rotations)[1]) % REFERENCES


def spread_rotations() -> np.ndarray:
    """Return REFERENCES rotations [R, 4] spread evenly: a super-Fibonacci spiral."""
    s = np.arange(REFERENCES) + 0.5
    share = s / REFERENCES
    alpha, beta = (2.0 * np.pi * s / ratio for ratio in SILVER)
    inner, outer = np.sqrt(share), np.sqrt(1.0 - share)
    rings = (inner * np.sin(alpha), inner * np.cos(alpha), outer * np.sin(beta))
    return np.stack([*rings, outer * np.cos(beta)], axis=1)

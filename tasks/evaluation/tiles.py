"""An object's surface as flat tiles in two tones, so that a drawing of it shows its turning."""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from envs.shapes.hull import HullSurface
from envs.shapes.objects import ObjectModel
from envs.shapes.surfaces import (
    BoxSurface,
    CapsuleSurface,
    CylinderSurface,
    EllipsoidSurface,
    Solid,
    SphereSurface,
)

AROUND, ALONG = 24, 12  # tiles of a round solid
SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
ONE = np.ones(3)
TINY = 1e-9
DIGITS = 4  # [m] a tenth of a millimetre is less than a pixel


def tiles(model: ObjectModel, scale: float) -> list[dict[str, Any]]:
    """Return tiles: `points` (corners [3] [m] in the object's frame), outward `normal`, `dark`."""
    return [
        {
            "points": np.round(scale * (corners + piece.position), DIGITS).tolist(),
            "normal": np.round(normal, 3).tolist(),
            "dark": tone(normal if isinstance(piece.solid, HullSurface) else corners.mean(axis=0)),
        }
        for piece in model.pieces
        for corners in polygons(piece.solid)
        for normal in [outward(corners)]
    ]


def outward(corners: np.ndarray) -> np.ndarray:
    """Return the unit normal of anticlockwise corners [P, 3], two of which may be one."""
    across = np.cross(corners[2] - corners[0], corners[-1] - corners[1])
    return across / np.linalg.norm(across)


def tone(way: np.ndarray) -> int:
    """Return 0 or 1 by the quarter around z and the half along it that a direction points to."""
    quarter = math.floor(math.atan2(way[1], way[0]) / (0.5 * math.pi) + 0.5)
    return (quarter + (1 if way[2] > TINY else 0)) % 2


def polygons(solid: Solid) -> list[np.ndarray]:
    """Return flat corners [P, 3] each, anticlockwise seen from outside."""
    if isinstance(solid, HullSurface):
        return list(solid.corners)
    if isinstance(solid, BoxSurface):
        return box(solid.half)
    rows, stretch = profile(solid)
    angle = 2.0 * math.pi * np.arange(AROUND + 1) / AROUND
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    grid = [stretch * np.column_stack([radius * ring, np.full(len(ring), z)]) for radius, z in rows]
    return [
        np.array([low[j], low[j + 1], high[j + 1], high[j]])
        for low, high in pairwise(grid)
        for j in range(AROUND)
    ]


def box(half: np.ndarray) -> list[np.ndarray]:
    """Return a box's six faces."""
    axes = np.eye(3)
    return [
        half * (side * axes[i] + a * side * axes[i - 2] + b * axes[i - 1])
        for i in range(3)
        for side in (-1.0, 1.0)
        for a, b in [(SQUARE[:, :1], SQUARE[:, 1:])]
    ]


def profile(solid: Solid) -> tuple[list[tuple[float, float]], np.ndarray]:
    """Return (radius, height) from the bottom up, and the factors along x, y, z."""
    angles = np.linspace(-0.5 * math.pi, 0.5 * math.pi, ALONG + 1)
    arc = [(math.cos(angle), math.sin(angle)) for angle in angles]
    match solid:
        case CylinderSurface(radius=radius, half=half):
            return [(0.0, -half), (radius, -half), (radius, 0.0), (radius, half), (0.0, half)], ONE
        case CapsuleSurface(radius=radius, half=half):
            lower = [(radius * c, radius * s - half) for c, s in arc if s < 1e-9]
            upper = [(radius * c, radius * s + half) for c, s in arc if s > -1e-9]
            return lower + upper, ONE
        case SphereSurface(radius=radius):
            return arc, np.full(3, radius)
        case EllipsoidSurface(half=half):
            return arc, half
        case _:
            raise TypeError(f"no tiles for a {type(solid).__name__}")

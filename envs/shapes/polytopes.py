"""Convex polyhedra of shapes that MuJoCo has no geom for, and of any cloud of points."""

import numpy as np

from envs.shapes.hull import HullSurface

LEVELS, MERIDIANS = 10, 24  # of a superquadric: 218 corners, within 2% of a sphere's radius
# Of a hull at most; more cost every closest point and every collision. On a ball of 3 cm they leave
# 0.2 mm between them.
CORNERS = 512


def prism(sides: int, radius: float, half_height: float) -> HullSurface:
    """Return a regular prism along z with a corner on the x axis."""
    angle = 2.0 * np.pi * np.arange(sides) / sides
    ring = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    layers = [np.column_stack([ring, np.full(sides, z)]) for z in (-half_height, half_height)]
    return hull_around(np.concatenate(layers))


def superquadric(half: tuple[float, ...], exponents: tuple[float, float]) -> HullSurface:
    """Return the hull of points on a superquadric (configs/schema/shapes.py has the equation)."""
    north, east = exponents
    latitude = np.linspace(-0.5 * np.pi, 0.5 * np.pi, LEVELS + 1)[:, None]
    longitude = np.linspace(-np.pi, np.pi, MERIDIANS, endpoint=False)
    around = _power(np.cos(latitude), north)
    x = around * _power(np.cos(longitude), east)
    y = around * _power(np.sin(longitude), east)
    z = np.broadcast_to(_power(np.sin(latitude), north), x.shape)
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3) * half
    return hull_around(np.unique(points, axis=0))


def _power(base: np.ndarray, exponent: float) -> np.ndarray:
    """Raise the size, keep the sign; what is zero but for rounding stays zero."""
    size = np.where(np.abs(base) < 1e-12, 0.0, np.abs(base))
    return np.sign(base) * size**exponent


def hull_around(points: np.ndarray) -> HullSurface:
    """Return the convex hull of points [P, 3], of which at least four span a volume.

    Raises:
        ValueError: they lie in a plane.
    """
    from scipy.spatial import ConvexHull, QhullError  # not in the robot's installation

    try:
        hull = ConvexHull(points)
    except QhullError:
        raise ValueError("its points lie in a plane") from None
    place = np.empty(len(points), dtype=np.int64)
    place[hull.vertices] = np.arange(len(hull.vertices))
    vertices, faces = points[hull.vertices], place[hull.simplices]
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = (across * hull.equations[:, :3]).sum(axis=1) < 0.0
    faces[inward] = faces[inward][:, ::-1]
    return HullSurface(vertices, faces)


def coarse_hull(points: np.ndarray) -> tuple[HullSurface, float]:
    """Return a hull of at most CORNERS of the points, and how far the others stand out [m].

    The corners are those farthest along directions spread evenly over the sphere, of the points
    stretched to a cube: a flat body keeps its rim.
    """
    whole = hull_around(points)
    if len(whole.vertices) <= CORNERS:
        return whole, 0.0
    stretched = whole.vertices / np.ptp(whole.vertices, axis=0)
    farthest = (stretched @ fibonacci_sphere(CORNERS).T).argmax(axis=0)
    coarse = hull_around(whole.vertices[np.unique(farthest)])
    return coarse, float(max(coarse.closest(whole.vertices)[2].max(), 0.0))


def fibonacci_sphere(count: int) -> np.ndarray:
    """Return unit vectors [count, 3] spread evenly over the sphere."""
    height = 1.0 - (2.0 * np.arange(count) + 1.0) / count
    turn = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(count)
    ring = np.sqrt(1.0 - height**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)

"""Exact surfaces of convex primitives: sampling and closest points, batched.

Every surface is centred at its frame's origin; normals point outward; a signed distance is
negative inside. At points with several closest ones (a centre, an axis) one of them is chosen.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

Closest = tuple[np.ndarray, np.ndarray, np.ndarray]
TINY = 1e-9  # [m] nearer to the surface than this, a direction cannot be told from rounding
BISECTIONS = 64
KNUD_THOMSEN = 1.6075  # exponent of his formula of an ellipsoid's area, within 1.1%


class Surface(ABC):
    """A closed surface."""

    bounds: np.ndarray  # [2, 3] [m] lowest and highest corner of the axis-aligned bounding box

    @property
    def extent(self) -> np.ndarray:
        """Edges [3] of the axis-aligned bounding box [m]."""
        return np.ptp(self.bounds, axis=0)

    @abstractmethod
    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw points [P, 3], uniform over the area, and their normals [P, 3]."""

    @abstractmethod
    def closest(self, points: np.ndarray) -> Closest:
        """Return surface points [M, 3], normals [M, 3] and signed distances [M] of [M, 3]."""


class Solid(Surface):
    """A closed convex surface with what is inside it."""

    area: float  # [m^2]
    volume: float  # [m^3]


class Primitive(Solid):
    """A solid whose middle is its frame's origin."""

    def __init__(self, reach: Sequence[float] | np.ndarray, area: float, volume: float) -> None:
        """`reach` is half of the bounding box's edges [3] [m]."""
        self.bounds = np.stack([-np.array(reach), np.array(reach)])
        self.area, self.volume = area, volume


class BoxSurface(Primitive):
    def __init__(self, half: tuple[float, ...]) -> None:
        self.half = np.array(half)
        volume = 8.0 * float(self.half.prod())
        super().__init__(half, 8.0 * float(self.half.prod() / self.half @ np.ones(3)), volume)

    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        area = self.half.prod() / self.half  # of the faces across x, y, z, up to a factor
        axis = rng.choice(3, size=count, p=area / area.sum())
        side = rng.choice([-1.0, 1.0], size=count)
        points = rng.uniform(-self.half, self.half, size=(count, 3))
        rows = np.arange(count)
        points[rows, axis] = side * self.half[axis]
        normals = np.zeros((count, 3))
        normals[rows, axis] = side
        return points, normals

    def closest(self, points: np.ndarray) -> Closest:
        depth = np.abs(points) - self.half  # [M, 3] negative between a pair of faces
        inside = np.all(depth <= 0.0, axis=1)
        rows, axis = np.arange(len(points)), depth.argmax(axis=1)
        side = np.where(points[rows, axis] < 0.0, -1.0, 1.0)
        on_face = points.copy()
        on_face[rows, axis] = side * self.half[axis]
        clamped = np.clip(points, -self.half, self.half)
        surface = np.where(inside[:, None], on_face, clamped)
        face = np.zeros_like(points)
        face[rows, axis] = side
        return outward(points, surface, inside, face)


class SphereSurface(Primitive):
    def __init__(self, radius: float) -> None:
        self.radius = radius
        volume = 4.0 / 3.0 * math.pi * radius**3
        super().__init__([radius] * 3, 4.0 * math.pi * radius**2, volume)

    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        normals = directions(count, rng)
        return self.radius * normals, normals

    def closest(self, points: np.ndarray) -> Closest:
        normals, length = unit(points)
        return self.radius * normals, normals, length - self.radius


class CylinderSurface(Primitive):
    """A cylinder along z."""

    def __init__(self, radius: float, half: float) -> None:
        self.radius, self.half = radius, half
        area = 2.0 * math.pi * radius * (2.0 * half + radius)
        super().__init__([radius, radius, half], area, 2.0 * math.pi * radius**2 * half)

    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        side_share = 2.0 * self.half / (2.0 * self.half + self.radius)
        on_side = rng.random(count) < side_share
        radial = circle(count, rng)
        cap = np.where(rng.random(count) < 0.5, -1.0, 1.0)
        ratio = np.where(on_side, 1.0, np.sqrt(rng.random(count)))
        height = np.where(on_side, rng.uniform(-self.half, self.half, count), cap * self.half)
        points = self.radius * ratio[:, None] * radial
        points[:, 2] = height
        axial = np.stack([np.zeros(count), np.zeros(count), cap], axis=1)
        return points, np.where(on_side[:, None], radial, axial)

    def closest(self, points: np.ndarray) -> Closest:
        flat = points * [1.0, 1.0, 0.0]
        radial, length = unit(flat)
        out_radius, out_height = length - self.radius, np.abs(points[:, 2]) - self.half
        inside = (out_radius <= 0.0) & (out_height <= 0.0)
        to_side = out_radius > out_height  # which of the two is nearer, seen from inside
        top = np.where(points[:, 2] < 0.0, -1.0, 1.0)
        reach = np.where(inside & to_side, self.radius, np.minimum(length, self.radius))
        height = np.where(
            inside & ~to_side, top * self.half, np.clip(points[:, 2], -self.half, self.half)
        )
        surface = reach[:, None] * radial
        surface[:, 2] = height
        axial = np.stack([np.zeros_like(top), np.zeros_like(top), top], axis=1)
        return outward(points, surface, inside, np.where(to_side[:, None], radial, axial))


class CapsuleSurface(Primitive):
    """A capsule along z; `half` is that of its cylinder, without the half spheres."""

    def __init__(self, radius: float, half: float) -> None:
        self.radius, self.half = radius, half
        area = 4.0 * math.pi * radius * (half + radius)
        volume = 2.0 * math.pi * radius**2 * (half + 2.0 / 3.0 * radius)
        super().__init__([radius, radius, half + radius], area, volume)

    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        on_side = rng.random(count) < self.half / (self.half + self.radius)
        around, everywhere = circle(count, rng), directions(count, rng)
        normals = np.where(on_side[:, None], around, everywhere)
        height = rng.uniform(-self.half, self.half, count)
        middle = np.where(on_side, height, np.copysign(self.half, everywhere[:, 2]))
        points = self.radius * normals
        points[:, 2] += middle
        return points, normals

    def closest(self, points: np.ndarray) -> Closest:
        middle = np.zeros_like(points)
        middle[:, 2] = np.clip(points[:, 2], -self.half, self.half)
        normals, length = unit(points - middle)
        return middle + self.radius * normals, normals, length - self.radius


class EllipsoidSurface(Primitive):
    def __init__(self, half: tuple[float, ...]) -> None:
        self.half = np.array(half)
        a, b, c = self.half**KNUD_THOMSEN
        area = 4.0 * math.pi * float((a * b + a * c + b * c) / 3.0) ** (1.0 / KNUD_THOMSEN)
        super().__init__(half, area, 4.0 / 3.0 * math.pi * float(self.half.prod()))

    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Accept directions of a sphere by how much area each maps to on the ellipsoid."""
        accepted = np.empty((0, 3))
        while len(accepted) < count:
            sphere = directions(count, rng)
            stretch = np.linalg.norm(sphere / self.half, axis=1) * self.half.min()  # in (0, 1]
            accepted = np.concatenate([accepted, sphere[rng.random(count) < stretch]])
        sphere = accepted[:count]
        return self.half * sphere, unit(sphere / self.half)[0]

    def closest(self, points: np.ndarray) -> Closest:
        """Solve sum (a p / (t + a^2))^2 = 1 for t; the surface point is a^2 p / (t + a^2).

        By symmetry in the positive octant, by bisection (Eberly, "Distance from a Point to an
        Ellipse, an Ellipsoid, or a Hyperellipsoid"); points on a symmetry plane are moved off
        it by 1e-9 of the half axis, which spares the singular cases.
        """
        octant = np.maximum(np.abs(points), TINY * self.half)
        square, least = self.half**2, self.half.min() ** 2
        scaled = self.half * octant
        low = scaled[:, self.half.argmin()]  # s = t + least; the sum is at least 1 here
        high = np.linalg.norm(scaled, axis=1)
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            ratio = scaled / (middle[:, None] + square - least)
            beyond = (ratio**2).sum(axis=1) > 1.0
            low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
        share = scaled / ((0.5 * (low + high))[:, None] + square - least)
        share /= np.linalg.norm(share, axis=1, keepdims=True)
        surface = np.copysign(self.half * share, points)
        inside = ((points / self.half) ** 2).sum(axis=1) <= 1.0
        return outward(points, surface, inside, unit(surface / square)[0])


def outward(
    points: np.ndarray, surface: np.ndarray, inside: np.ndarray, facing: np.ndarray
) -> Closest:
    """Complete closest points with normals and signed distances.

    From outside the normal is the direction to the point, which at edges and corners is the
    contact's; `facing` [M, 3] is the face's own normal, for points inside or on the surface.
    """
    way, length = unit(points - surface)
    normals = np.where((inside | (length < TINY))[:, None], facing, way)
    return surface, normals, np.where(inside, -length, length)


def unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return directions [M, 3] and lengths [M]; the direction of a zero vector is +x."""
    length = np.linalg.norm(vectors, axis=1)
    zero = length == 0.0
    direction = vectors / np.where(zero, 1.0, length)[:, None]
    direction[zero] = [1.0, 0.0, 0.0]
    return direction, length


def directions(count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw unit vectors [P, 3], uniform over the sphere."""
    return unit(rng.standard_normal((count, 3)))[0]


def circle(count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw unit vectors [P, 3] across z, uniform over the circle."""
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    return np.stack([np.cos(angle), np.sin(angle), np.zeros(count)], axis=1)

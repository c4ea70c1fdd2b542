"""Which turns leave an object as it is, found on its surface; distances of rotations modulo them.

Only turns about the frame's origin count: another centre would move the object's position too.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from envs.shapes.hull import HullSurface
from envs.shapes.surfaces import Surface
from models.rotations import angle, conjugate, from_rotation_vector, multiply, rotate

POINTS, FEW = 500, 30  # of the surface that are turned; so many are turned first
SLACK = 0.005  # of the longest edge: a turned point nearer to the surface than this lies on it
ORDERS = range(12, 1, -1)  # of an axis, the highest that fits
ANYWHERE = np.array([0.61803, 1.41421, 2.23607])  # [rad] turns of no order: all fit a round body
DIRECTIONS = 40  # of corners and faces at most, the largest first
SAME = 1e-3  # [rad]
STEP = np.pi / 12.0  # [rad] of the turns about a free axis that a group has
FULL = 120  # turns: no finite group of a body has more than 60


@dataclass(frozen=True)
class Symmetry:
    """A group of rotations in the object's frame: `turns`, each followed by any turn about `axis`;
    or all rotations."""

    turns: np.ndarray  # [K, 4] quaternions (w, x, y, z), the identity first
    axis: np.ndarray | None = None  # [3] unit
    ball: bool = False

    def distance(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the least rotation [...] [rad] from orientations [..., 4] to others that look
        alike: none for a ball's."""
        between = multiply(conjugate(first), second)
        if self.ball:
            return np.zeros(between.shape[:-1])
        turned = multiply(between[..., None, :], self.turns)  # [..., K, 4]
        along = turned[..., 0] ** 2
        if self.axis is not None:  # the turn about it is free: the best has this half cosine
            along = along + (turned[..., 1:] @ self.axis) ** 2
        return 2.0 * np.arccos(np.clip(np.sqrt(along), 0.0, 1.0)).min(axis=-1)

    def nearest(self, orientation: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the orientations [..., 4] that look like the given ones and are nearest to
        `target` [..., 4]."""
        if self.ball:
            return np.broadcast_to(target, orientation.shape).copy()
        alike = multiply(orientation[..., None, :], self.turns)
        if self.axis is not None:
            between = multiply(conjugate(alike), target[..., None, :])
            half = np.arctan2(between[..., 1:] @ self.axis, between[..., 0])
            about = np.concatenate(
                [np.cos(half)[..., None], np.sin(half)[..., None] * self.axis], axis=-1
            )
            alike = multiply(alike, about)
        best = np.abs((alike * target[..., None, :]).sum(axis=-1)).argmax(axis=-1)
        return np.take_along_axis(alike, best[..., None, None], axis=-2)[..., 0, :]

    def group(self) -> np.ndarray:
        """Return a finite group of turns that look alike, the identity first [K, 4]; of those about
        a free axis one in every STEP."""
        if self.ball:
            return closure([about(axis, np.pi / 2.0) for axis in np.eye(3)])
        if self.axis is not None:
            return closure([about(self.axis, STEP), *self.turns[1:]])
        return self.turns

    def points(self, orientation: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
        """Write orientations [N, 4] as points whose distances are rotations modulo the symmetry
        [rad], but for a chord in the place of an arc.

        Of a finite group, in each way that is at most `margin` [rad] farther from no turn than the
        nearest is: what `ways` then finds nearest is so if it is nearer than half of that.

        Returns:
            which orientation each point is of [P], and points [P, D].
        """
        count = len(orientation)
        if self.ball or self.axis is not None or len(self.turns) == 1:
            return np.arange(count), self.ways(orientation)[0]
        alike = multiply(orientation[:, None], self.turns)  # [N, K, 4]
        turned = 2.0 * np.arccos(np.clip(np.abs(alike[..., 0]), 0.0, 1.0))
        rows, turns = np.nonzero(turned <= turned.min(axis=1, keepdims=True) + margin)
        return rows, 2.0 * alike[rows, turns]

    def ways(self, orientation: np.ndarray) -> list[np.ndarray]:
        """Return where among `points` to look for the nearest to orientations [N, 4]: [N, D] of
        each way to write them that may be the nearest."""
        if self.ball:
            return [np.zeros((len(orientation), 0))]
        if self.axis is not None:  # what counts is where it points; the other turn turns it round
            direction = rotate(orientation, self.axis)
            return [direction, -direction][: len(self.turns)]
        first = orientation
        if len(self.turns) > 1:
            first = self.nearest(orientation, NONE.turns[0])
        return [2.0 * first, -2.0 * first]

    def describe(self) -> str:
        if self.ball:
            return "any turn"
        about = "" if self.axis is None else f", any turn about {np.round(self.axis, 3).tolist()}"
        return f"{len(self.turns)} turns{about}" if len(self.turns) > 1 or about else "none"


NONE = Symmetry(np.array([[1.0, 0.0, 0.0, 0.0]]))


def find_symmetry(surface: Surface) -> Symmetry:
    """Return the symmetry of a surface, found by turning points of it."""
    points, _ = surface.sample(POINTS, np.random.default_rng(0))
    slack = SLACK * float(surface.extent.max())

    def fits(turn: np.ndarray) -> bool:
        return all(
            np.abs(surface.closest(rotate(turn, some))[2]).max() < slack
            for some in (points[:FEW], points)
        )

    axes = candidate_axes(surface, points)
    free = [axis for axis in axes if all(fits(about(axis, turn)) for turn in ANYWHERE)]
    if any(abs(a @ b) < 0.99 for a, b in combinations(free, 2)):
        return Symmetry(NONE.turns, ball=True)
    if free:
        flip = about(np.cross(free[0], np.eye(3)[np.abs(free[0]).argmin()]), np.pi)
        turns = np.stack([NONE.turns[0], flip]) if fits(flip) else NONE.turns
        return Symmetry(turns, axis=free[0])
    generators = []
    for axis in axes:
        for order in ORDERS:  # a turn that nearly fits does not twice
            turns = [about(axis, 2.0 * np.pi * k / order) for k in range(1, order)]
            if all(map(fits, turns)):
                generators.append(turns[0])
                break
    return Symmetry(largest_group(generators))


def largest_group(generators: list[np.ndarray]) -> np.ndarray:
    """Return the closure of the generators, without those that make no finite group of it.

    An axis that is a little off, as one of a round body's facets, makes turns without end.
    """
    group = closure([])
    kept: list[np.ndarray] = []
    for generator in generators:
        larger = closure([*kept, generator])
        if len(larger) < FULL:
            group, kept = larger, [*kept, generator]
    return group


def candidate_axes(surface: Surface, points: np.ndarray) -> list[np.ndarray]:
    """Return unit vectors, one of each opposite pair, that an axis of symmetry may be."""
    given = [*np.eye(3), *np.linalg.eigh(second_moment(surface, points))[1].T]
    if isinstance(surface, HullSurface):
        corners = surface.vertices[np.argsort(-np.linalg.norm(surface.vertices, axis=1))]
        faces = surface.normals[np.argsort(-surface.share)]
        given += [*faces[:DIRECTIONS], *corners[:DIRECTIONS]]
    axes: list[np.ndarray] = []
    for vector in given:
        axis = vector / np.linalg.norm(vector)
        if all(abs(axis @ other) < np.cos(SAME) for other in axes):
            axes.append(axis)
    return axes


def second_moment(surface: Surface, points: np.ndarray) -> np.ndarray:
    """Return the mean of x x^T over a surface [3, 3] [m^2]: exact for a polyhedron, whose frame may
    lie anyhow, else over sampled points."""
    if not isinstance(surface, HullSurface):
        return points.T @ points / len(points)
    # Of a triangle with corners a, b, c: (aa + bb + cc + (a + b + c)(a + b + c)) / 12.
    corners = surface.corners
    whole = corners.sum(axis=1)
    each = np.einsum("fki,fkj->fij", corners, corners) + whole[:, :, None] * whole[:, None, :]
    return np.einsum("f,fij->ij", surface.share, each) / 12.0


def about(axis: np.ndarray, radians: float) -> np.ndarray:
    return from_rotation_vector(radians * axis / np.linalg.norm(axis))


def closure(generators: list[np.ndarray]) -> np.ndarray:
    """Return every product of the generators, the identity first, [K, 4]."""
    group = [NONE.turns[0]]
    for one in group:  # grows while it is walked
        for generator in generators:
            product = multiply(one, generator)
            if len(group) < FULL and angle(product, np.stack(group)).min() > 0.05:
                group.append(product)
    return np.stack(group)

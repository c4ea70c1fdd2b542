"""A convex polyhedron as a surface: what prisms, superquadrics and meshes are to contact."""

import numpy as np

from envs.shapes.surfaces import TINY, Closest, Solid, outward

CHUNK = 1 << 20  # point-triangle pairs looked at at a time, about 50 MB
SLIVER = 1e-10  # [-] of the whole area; a triangle of less is left out of the surface
SLACK = 1e-6  # [m] far above the rounding of distances
OPTIMAL = 1e-12  # [m^2] a vertex no farther along the way: an error below 1e-9 m at 1 mm


class HullSurface(Solid):
    """A convex polyhedron from its vertices [V, 3] and outward triangles [F, 3] (indices)."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray) -> None:
        self.vertices, self.faces = vertices, faces
        self.bounds = np.stack([vertices.min(axis=0), vertices.max(axis=0)])
        corners = vertices[faces]  # [F, 3, 3]
        self.volume = float(np.linalg.det(corners).sum()) / 6.0
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(across, axis=1)
        solid = area > SLIVER * area.sum()  # a sliver's normal is rounding
        self.corners, across, area = corners[solid], across[solid], area[solid]
        self.around, self.begin, self.degree = incident(faces[solid], len(vertices))
        self.normals = across / area[:, None]
        self.offsets = _dot(self.normals, self.corners[:, 0])
        self.share = area / area.sum()
        self.area = 0.5 * float(area.sum())
        self.centres = self.corners.mean(axis=1)  # of the triangles, with radii that cover them
        self.radii = np.linalg.norm(self.corners - self.centres[:, None], axis=2).max(axis=1)

    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        face = rng.choice(len(self.share), size=count, p=self.share)
        root, along = np.sqrt(rng.random(count)), rng.random(count)
        weights = np.stack([1.0 - root, root * (1.0 - along), root * along], axis=1)
        return (weights[..., None] * self.corners[face]).sum(axis=1), self.normals[face]

    def closest(self, points: np.ndarray) -> Closest:
        step = max(1, CHUNK // len(self.faces))
        parts = [self._closest(points[i : i + step]) for i in range(0, len(points), step)]
        if not parts:
            return np.empty((0, 3)), np.empty((0, 3)), np.empty(0)
        surface, normals, distance = (np.concatenate(part) for part in zip(*parts, strict=True))
        return surface, normals, distance

    def _closest(self, points: np.ndarray) -> Closest:
        above = points @ self.normals.T - self.offsets  # [M, F] height over each face's plane
        nearest = above.argmax(axis=1)
        height = above[np.arange(len(points)), nearest]
        inside = height <= 0.0
        surface = points - height[:, None] * self.normals[nearest]  # exact from inside
        facing = self.normals[nearest]
        outside = ~inside
        if outside.any():
            surface[outside] = self._closest_outside(points[outside], above[outside])
        return outward(points, surface, inside, facing)

    def _closest_outside(self, points: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Return the closest points [M, 3] to points outside.

        Most lie on a triangle at the nearest vertex; as the body is convex, no vertex beyond the
        plane through such a point shows that it is the one. The others look at every triangle.
        """
        squares = _square(self.vertices)
        surface_at = (squares - 2.0 * points @ self.vertices.T).argmin(axis=1)
        surface = self.vertices[surface_at]
        degree = self.degree[surface_at]
        row = np.repeat(np.arange(len(points)), degree)
        within = np.arange(len(row)) - np.repeat(degree.cumsum() - degree, degree)
        face = self.around[self.begin[surface_at][row] + within]
        self._replace_by_nearer(surface, points, row, face)
        way = points - surface
        beyond = (way @ self.vertices.T).max(axis=1) - _dot(way, surface)
        rest = np.flatnonzero(beyond > OPTIMAL)
        if len(rest):
            surface[rest] = self._closest_of_all(points[rest], above[rest], surface[rest])
        return surface

    def _closest_of_all(
        self, points: np.ndarray, above: np.ndarray, surface: np.ndarray
    ) -> np.ndarray:
        """Return the nearest of `surface`, points found before, and of every triangle that faces a
        point and is, by the ball around it, no farther than that; all [M, 3]."""
        reach = np.sqrt(_square(surface - points))[:, None] + SLACK
        near = _distances(points, self.centres) - self.radii <= reach
        row, face = np.nonzero(near & (above > -TINY))
        self._replace_by_nearer(surface, points, row, face)
        return surface

    def _replace_by_nearer(
        self, surface: np.ndarray, points: np.ndarray, row: np.ndarray, face: np.ndarray
    ) -> None:
        """Put into `surface` [M, 3] what is nearer to its point on triangle `face` of row `row`."""
        found = closest_on_triangles(points[row], self.corners[face])
        square = _square(found - points[row])
        order = np.lexsort((square, row))
        rows, first = np.unique(row[order], return_index=True)
        best = order[first]
        nearer = square[best] < _square(surface[rows] - points[rows])
        surface[rows[nearer]] = found[best[nearer]]


def incident(faces: np.ndarray, vertices: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the triangles at each vertex, one after another, and where a vertex' begin [V] and how
    many they are [V]."""
    corner = faces.ravel()
    order = np.argsort(corner, kind="stable")
    degree = np.bincount(corner, minlength=vertices)
    return order // 3, degree.cumsum() - degree, degree


def _distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return all distances [M, V], to about 1e-8 m."""
    squares = _square(points)[:, None] + _square(others) - 2.0 * points @ others.T
    return np.sqrt(np.maximum(squares, 0.0))


def closest_on_triangles(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return the closest points [..., 3] on triangles [..., 3, 3] (broadcast)."""
    a, b, c = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]
    edges = [closest_on_segments(points, *ends) for ends in ((a, b), (b, c), (c, a))]
    best = edges[0]
    for edge in edges[1:]:
        nearer = _square(edge - points) < _square(best - points)
        best = np.where(nearer[..., None], edge, best)
    # The projection onto the plane, where it falls within the triangle, is nearer than an edge.
    normal = np.cross(b - a, c - a)
    height = _dot(normal, points - a) / _square(normal)
    foot = points - height[..., None] * normal
    within = np.ones(foot.shape[:-1], dtype=bool)
    for start, end in ((a, b), (b, c), (c, a)):
        within &= _dot(np.cross(end - start, foot - start), normal) >= 0.0
    return np.where(within[..., None], foot, best)


def closest_on_segments(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the closest points [..., 3] on segments (broadcast)."""
    way = end - start
    share = _dot(points - start, way) / _square(way)
    return start + np.clip(share, 0.0, 1.0)[..., None] * way


def _square(vectors: np.ndarray) -> np.ndarray:
    return _dot(vectors, vectors)


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.einsum("...i,...i->...", one, other)

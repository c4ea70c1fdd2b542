"""The surface of convex pieces joined together: sampling and closest points."""

from collections.abc import Sequence

import numpy as np

from envs.pieces import Piece
from envs.surfaces import TINY, Closest, Surface


class UnionSurface(Surface):
    """What is left of the pieces' surfaces outside the other pieces.

    From outside, points and distances are exact. From inside a distance is that to the surface
    of the piece that the point is deepest in, which may lie inside another.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces

    @property
    def bounds(self) -> np.ndarray:
        corners = np.stack([piece.solid.bounds + piece.position for piece in self.pieces])
        return np.stack([corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)])

    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        area = np.array([piece.solid.area for piece in self.pieces])
        points, normals = np.empty((0, 3)), np.empty((0, 3))
        while len(points) < count:
            chosen = rng.multinomial(count, area / area.sum())
            for number, piece in enumerate(self.pieces):
                drawn, outward = piece.solid.sample(int(chosen[number]), rng)
                drawn = drawn + piece.position
                outside = self._outside(drawn, number)
                points = np.concatenate([points, drawn[outside]])
                normals = np.concatenate([normals, outward[outside]])
        order = rng.permutation(len(points))[:count]
        return points[order], normals[order]

    def closest(self, points: np.ndarray) -> Closest:
        found = [piece.solid.closest(points - piece.position) for piece in self.pieces]
        distances = np.stack([distance for _, _, distance in found])  # [pieces, M]
        nearest, rows = distances.argmin(axis=0), np.arange(len(points))
        surface = np.stack(
            [on + p.position for (on, _, _), p in zip(found, self.pieces, strict=True)]
        )
        normals = np.stack([normal for _, normal, _ in found])
        return surface[nearest, rows], normals[nearest, rows], distances[nearest, rows]

    def _outside(self, points: np.ndarray, own: int) -> np.ndarray:
        """Return which points [M, 3] of one piece's surface are in no other piece."""
        outside = np.ones(len(points), dtype=bool)
        for number, piece in enumerate(self.pieces):
            if number != own:
                outside &= piece.solid.closest(points - piece.position)[2] > TINY
        return outside

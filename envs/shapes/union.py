"""The surface of convex pieces joined together: sampling and closest points."""

from collections.abc import Sequence

import numpy as np

from envs.shapes.pieces import Piece
from envs.shapes.surfaces import TINY, Closest, Surface


class UnionSurface(Surface):
    """What is left of the pieces' surfaces outside the other pieces.

    From outside, points and distances are exact. From inside a distance is that to the surface
    of the piece that the point is deepest in, which may lie inside another.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self.boxes = np.stack([piece.solid.bounds + piece.position for piece in pieces])
        self.bounds = np.stack([self.boxes[:, 0].min(axis=0), self.boxes[:, 1].max(axis=0)])

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
        """As Surface.closest; a piece is asked only about points that its bounding box is nearer to
        than what was found, the likeliest piece first."""
        away = np.stack([_distance_to_box(points, box) for box in self.boxes])  # [pieces, M]
        surface, normals = np.zeros_like(points), np.zeros_like(points)
        distance = np.full(len(points), np.inf)
        first = away.argmin(axis=0)
        for likeliest in (True, False):
            for number, piece in enumerate(self.pieces):
                nearer = away[number] <= distance.clip(0.0)
                mine = first == number
                asked = np.flatnonzero(mine if likeliest else ~mine & nearer)
                if not len(asked):
                    continue
                on, normal, far = piece.solid.closest(points[asked] - piece.position)
                better = far < distance[asked]
                rows = asked[better]
                surface[rows], normals[rows] = on[better] + piece.position, normal[better]
                distance[rows] = far[better]
        return surface, normals, distance

    def _outside(self, points: np.ndarray, own: int) -> np.ndarray:
        """Return which points [M, 3] of one piece's surface are in no other piece."""
        outside = np.ones(len(points), dtype=bool)
        for number, piece in enumerate(self.pieces):
            if number != own:
                near = outside & (_distance_to_box(points, self.boxes[number]) <= TINY)
                found = piece.solid.closest(points[near] - piece.position)[2]
                outside[near] = found > TINY
        return outside


def _distance_to_box(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the distances [M] of points to a box [2, 3] (lowest, highest corner); 0 inside."""
    return np.linalg.norm(points - points.clip(box[0], box[1]), axis=1)

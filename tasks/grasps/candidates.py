"""Candidate grasps between the stages: the same arrays, fewer rows after each."""

from dataclasses import dataclass, fields

import numpy as np

from configs.layout import Layout
from models.rotations import inverse_rotate, rotate


@dataclass(frozen=True)
class Candidates:
    """N candidates; F fingers; a finger that does not touch has `active` False and junk beside it.

    `point` and `normal` (outward) are in the object's frame, `pad` in the frame of the finger's
    last link: the centre, on the tip capsule's axis, of the sphere that touches at `point`.
    """

    joint_position: np.ndarray  # [N, n] rad
    object_pose: np.ndarray  # [N, 7] m, quaternion wxyz, in the hand frame
    active: np.ndarray  # [N, F] bool
    point: np.ndarray  # [N, F, 3] m
    normal: np.ndarray  # [N, F, 3]
    pad: np.ndarray  # [N, F, 3] m
    force: np.ndarray  # [N, F] N along -normal, zero for fingers that do not touch
    quality: np.ndarray  # [N] net force residual
    joint_target: np.ndarray  # [N, n] rad
    parent: np.ndarray  # [N] int, -1: none

    def __len__(self) -> int:
        return len(self.joint_position)

    def take(self, rows: np.ndarray) -> "Candidates":
        """Return the candidates of a mask [N] or of indices [M]."""
        return Candidates(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def put(self, rows: np.ndarray, others: "Candidates") -> "Candidates":
        """Return the candidates with others [M] in the place of `rows` [M]."""
        found = {f.name: getattr(self, f.name).copy() for f in fields(self)}
        for name, array in found.items():
            array[rows] = getattr(others, name)
        return Candidates(**found)

    def pad_goals(self, heights: np.ndarray) -> np.ndarray:
        """Return where each pad belongs, `heights` [F] [m] above its point; hand frame."""
        above = self.point + heights[:, None] * self.normal
        return rotate(self.object_pose[:, None, 3:], above) + self.object_pose[:, None, :3]

    @staticmethod
    def none(layout: Layout) -> "Candidates":
        """Return no candidates, with the shapes that some would have."""
        n, fingers = layout.num_joints, layout.num_tips
        return Candidates(
            joint_position=np.zeros((0, n)),
            object_pose=np.zeros((0, 7)),
            active=np.zeros((0, fingers), dtype=bool),
            point=np.zeros((0, fingers, 3)),
            normal=np.zeros((0, fingers, 3)),
            pad=np.zeros((0, fingers, 3)),
            force=np.zeros((0, fingers)),
            quality=np.zeros(0),
            joint_target=np.zeros((0, n)),
            parent=np.zeros(0, dtype=int),
        )


def concatenate(parts: list[Candidates]) -> Candidates:
    """Join batches in order."""
    columns = {f.name: [getattr(part, f.name) for part in parts] for f in fields(Candidates)}
    return Candidates(**{name: np.concatenate(arrays) for name, arrays in columns.items()})


def to_object(pose: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Move points [N, F, 3] from the hand frame to the frame of objects at `pose` [N, 7]."""
    return inverse_rotate(pose[:, None, 3:], points - pose[:, None, :3])

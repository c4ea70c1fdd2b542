"""The grasps of several objects in one table, so that environments can be mixed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from configs.errors import UserError
from envs.grasp_set import Contacts, GraspSet


@dataclass(frozen=True)
class GraspTable:
    """G grasps of O objects; C is the number of fingers.

    Row numbers are global; object o's possible starts are `starts[first[o] : first[o] + count[o]]`.
    """

    objects: tuple[str, ...]
    owner: Tensor  # [G] which object each is a grasp of
    joint_position: Tensor  # [G, n] [rad]
    joint_target: Tensor  # [G, n] [rad]
    object_pose: Tensor  # [G, 7]
    neighbours: Tensor  # [G, k] rows, -1 pads
    touching: Tensor  # [G, C] bool, which fingers touch
    point: Tensor  # [G, C, 3] [m] where, on the object at scale 1
    starts: Tensor  # rows that have a neighbour
    first: Tensor  # [O]
    count: Tensor  # [O]

    @staticmethod
    def join(grasps: Sequence[GraspSet], objects: Sequence[str]) -> "GraspTable":
        """Join grasp sets, one for each name in `objects`, in that order.

        Raises:
            UserError: grasps of other objects, or none of an object's has a neighbour.
        """
        names = [g.object for g in grasps]
        if names != list(objects):
            raise UserError(f"grasps of {names} do not belong to the objects {list(objects)}")
        sizes = [len(g) for g in grasps]
        offsets = np.cumsum([0, *sizes])[:-1]
        width = max(g.neighbours.shape[1] for g in grasps)
        links = []
        for offset, g in zip(offsets, grasps, strict=True):
            shifted = np.where(g.neighbours >= 0, g.neighbours.astype(np.int64) + offset, -1)
            padded = np.pad(shifted, ((0, 0), (0, width - shifted.shape[1])), constant_values=-1)
            links.append(padded)
        touching, points = zip(*(_by_finger(g.contacts) for g in grasps), strict=True)
        none = torch.zeros(0, dtype=torch.int64)
        table = GraspTable(
            objects=tuple(names),
            owner=torch.as_tensor(np.repeat(np.arange(len(names)), sizes)),
            joint_position=_float(np.concatenate([g.joint_position for g in grasps])),
            joint_target=_float(np.concatenate([g.joint_target for g in grasps])),
            object_pose=_float(np.concatenate([g.object_pose for g in grasps])),
            neighbours=torch.as_tensor(np.concatenate(links)),
            touching=torch.as_tensor(np.concatenate(touching)),
            point=_float(np.concatenate(points)),
            starts=none,
            first=none,
            count=none,
        )
        return table.starting_where(
            (table.neighbours >= 0).any(dim=1),
            "has another within reach; raise grasps.count or task.goals.max_distance",
        )

    def starting_where(self, allowed: Tensor, wanted: str) -> "GraspTable":
        """Return the table with other starts: the grasps that are `allowed` [G].

        Raises:
            UserError: none of an object's grasps is; `wanted` says what none does, and the remedy.
        """
        starts = allowed.nonzero()[:, 0]
        count = torch.bincount(self.owner[starts], minlength=len(self.objects))
        sizes = torch.bincount(self.owner, minlength=len(self.objects))
        for name, some, size in zip(self.objects, count.tolist(), sizes.tolist(), strict=True):
            if not some:
                raise UserError(f"grasps of {name}: none of {size} {wanted}")
        return replace(self, starts=starts, first=count.cumsum(0) - count, count=count)

    def draw_start(self, objects: Tensor, uniform: Tensor) -> Tensor:
        """Return a starting grasp's row [M] for each object index [M]; uniform [M]."""
        place = pick(uniform, self.count[objects])
        return self.starts[self.first[objects] + place]


def pick(uniform: Tensor, count: Tensor) -> Tensor:
    """Return floor(uniform * count) [M], below count even where the product rounds up."""
    return torch.minimum((uniform * count).to(torch.int64), count - 1)


def _by_finger(contacts: Contacts) -> tuple[np.ndarray, np.ndarray]:
    """Return which fingers touch [G, C] and where [G, C, 3]."""
    rows, places = np.nonzero(contacts.finger >= 0)
    fingers = contacts.finger[rows, places]
    touching, points = np.zeros(contacts.finger.shape, bool), np.zeros_like(contacts.point)
    touching[rows, fingers] = True
    points[rows, fingers] = contacts.point[rows, places]
    return touching, points


def _float(array: np.ndarray) -> Tensor:
    return torch.as_tensor(array, dtype=torch.float32)

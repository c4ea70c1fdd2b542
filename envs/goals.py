"""Goals: nearby grasps, chosen among neighbours that were computed beforehand.

The paper looks for the nearest grasp in a random subset of the cache whose object distance lies
in a range. Its subset makes the choice random among near grasps; here each grasp's neighbours
within that range are known (envs/grasp_set.py) and one of them is drawn uniformly.

A goal is reached when the object has stayed within its tolerances for a while: to pass through is
not enough. Where no neighbour lies far enough from the object to ask for a motion, one is drawn
all the same, to lead on, but it counts for nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from configs.errors import UserError
from configs.schema.task import Goals as GoalsConfig
from envs.grasp_set import GraspSet
from models import rotations


@dataclass(frozen=True)
class GraspTable:
    """The grasps of several objects in one table, so that environments can be mixed.

    Row numbers are global; object o's possible starts are `starts[first[o] : first[o] + count[o]]`.
    """

    joint_position: Tensor  # [G, n] [rad]
    joint_target: Tensor  # [G, n] [rad]
    object_pose: Tensor  # [G, 7]
    neighbours: Tensor  # [G, k] rows, -1 pads
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
        offsets = np.cumsum([0, *(len(g) for g in grasps)])[:-1]
        width = max(g.neighbours.shape[1] for g in grasps)
        links, starts = [], []
        for offset, g in zip(offsets, grasps, strict=True):
            shifted = np.where(g.neighbours >= 0, g.neighbours.astype(np.int64) + offset, -1)
            padded = np.pad(shifted, ((0, 0), (0, width - shifted.shape[1])), constant_values=-1)
            links.append(padded)
            starts.append(offset + np.flatnonzero((padded >= 0).any(axis=1)))
            if len(starts[-1]) == 0:
                raise UserError(
                    f"grasps of {g.object}: none of {len(g)} has another within reach; "
                    "raise grasps.count or task.goals.max_distance"
                )
        count = np.array([len(rows) for rows in starts])
        return GraspTable(
            joint_position=_float(np.concatenate([g.joint_position for g in grasps])),
            joint_target=_float(np.concatenate([g.joint_target for g in grasps])),
            object_pose=_float(np.concatenate([g.object_pose for g in grasps])),
            neighbours=torch.as_tensor(np.concatenate(links)),
            starts=torch.as_tensor(np.concatenate(starts)),
            first=torch.as_tensor(np.cumsum(count) - count),
            count=torch.as_tensor(count),
        )

    def draw_start(self, objects: Tensor, uniform: Tensor) -> Tensor:
        """Return a starting grasp's row [M] for each object index [M]; uniform [M]."""
        place = _pick(uniform, self.count[objects])
        return self.starts[self.first[objects] + place]


def relative(pose: Tensor, goal: Tensor) -> tuple[Tensor, Tensor]:
    """Return the way from an object pose to its goal, both [N, 7]: offset [N, 3] [m] and rotation
    vector [N, 3] [rad], in the hand frame."""
    turn = rotations.multiply(goal[:, 3:], rotations.conjugate(pose[:, 3:]))
    return goal[:, :3] - pose[:, :3], rotations.to_rotation_vector(turn)


def within(config: GoalsConfig, distance: Tensor, angle: Tensor) -> Tensor:
    """Say which goals are met now [N]: distance [N] [m] and angle [N] [rad] in tolerance."""
    return (distance < config.position_tolerance) & (angle < config.rotation_tolerance)


class GoalChoice:
    """Each environment's present goal, the grasps that it came from, and the goal's age."""

    def __init__(self, config: GoalsConfig, table: GraspTable, hz: float, num_envs: int) -> None:
        self.config, self.table = config, table
        self.timeout = max(round(config.timeout_s * hz), 1)  # [control steps]
        self.dwell = max(round(config.dwell_s * hz), 1)  # [control steps]
        self.far_square = (config.min_distance * config.position_tolerance) ** 2  # [m^2]
        half = config.min_distance * config.rotation_tolerance / 2.0  # [rad]
        self.far_cosine = math.cos(half) if half < math.pi / 2.0 else -1.0  # of half the angle
        self.origin = torch.zeros(num_envs, dtype=torch.int64)  # row of the last grasp reached
        self.back = torch.zeros(num_envs, dtype=torch.int64)  # row of the one reached before it
        self.goal = torch.zeros(num_envs, dtype=torch.int64)  # row
        self.age = torch.zeros(num_envs, dtype=torch.int64)  # [control steps]
        self.stay = torch.zeros(num_envs, dtype=torch.int64)  # [control steps] in tolerance
        self.counts = torch.zeros(num_envs, dtype=torch.bool)  # it was far enough when drawn

    @property
    def expired(self) -> Tensor:
        """Say which goals were not reached in time [N]; they are replaced, without reward."""
        return self.age >= self.timeout

    @property
    def dwelt(self) -> Tensor:
        """Return the share [N] of the time in tolerance that a goal asks for."""
        return self.stay / self.dwell

    @property
    def arrived(self) -> Tensor:
        """Say where the object has stayed at its goal for long enough [N], count it or not."""
        return self.stay >= self.dwell

    def judge(self, within: Tensor) -> Tensor:
        """Note one control step, `within` [N] tolerance or not; return which are reached [N]."""
        self.age += 1
        self.stay = torch.where(within, self.stay + 1, 0)
        return self.arrived & self.counts

    def start(self, ids: Tensor, rows: Tensor, pose: Tensor, uniform: Tensor) -> None:
        """Begin episodes at the grasps `rows` [M]."""
        self.goal[ids] = rows
        self.origin[ids] = rows
        self._renew(ids, rows, rows, pose, uniform)

    def advance(self, ids: Tensor, pose: Tensor, uniform: Tensor) -> None:
        """Choose the next goal [M], from the one that was arrived at or else from its origin."""
        arrived = self.arrived[ids]
        origin = torch.where(arrived, self.goal[ids], self.origin[ids])
        back = torch.where(arrived, self.origin[ids], self.back[ids])
        self._renew(ids, origin, back, pose, uniform)

    def _renew(
        self, ids: Tensor, origin: Tensor, back: Tensor, pose: Tensor, uniform: Tensor
    ) -> None:
        """Draw a neighbour of `origin` [M] that lies far enough from the object's pose [M, 7].

        It is neither the goal just given up nor the grasp `back` [M] that the object came from
        before. Where all are one of these the way back will do, then the same goal again, then
        any neighbour; where a reached goal has none, the goal is the grasp it was reached from.
        """
        candidates = self.table.neighbours[origin]  # [M, k]
        exists = candidates >= 0
        away = exists & self._away(pose, candidates)
        fresh = away & (candidates != self.goal[ids, None])
        onward = fresh & (candidates != back[:, None])
        allowed = exists
        for better in (away, fresh, onward):
            allowed = torch.where(better.any(dim=1, keepdim=True), better, allowed)
        place = _pick(uniform, allowed.sum(dim=1).clamp(min=1))
        column = (allowed.cumsum(dim=1) == (place + 1)[:, None]).int().argmax(dim=1)
        chosen = candidates.gather(1, column[:, None])[:, 0]
        self.goal[ids] = torch.where(exists.any(dim=1), chosen, self.origin[ids])
        self.origin[ids], self.back[ids] = origin, back
        self.counts[ids] = self._away(pose, self.goal[ids, None])[:, 0]
        self.age[ids] = 0
        self.stay[ids] = 0

    def _away(self, pose: Tensor, candidates: Tensor) -> Tensor:
        """Say which candidates [M, k] the pose [M, 7] is `min_distance` or farther from: the larger
        of (distance / position tolerance, angle / rotation tolerance)."""
        rows = candidates.clamp(min=0)  # pads read the first row
        goals = torch.nn.functional.embedding(rows, self.table.object_pose)  # [M, k, 7]
        offset = goals[..., :3] - pose[:, None, :3]
        # As a square and a cosine: the root and the arc of M x k of them were most of the time
        # that environments took to get their goals.
        square = torch.linalg.vecdot(offset, offset)
        cosine = (goals[..., 3:] @ pose[:, 3:, None])[..., 0].abs()
        return (square >= self.far_square) | (cosine <= self.far_cosine)


def _pick(uniform: Tensor, count: Tensor) -> Tensor:
    """Return floor(uniform * count) [M], below count even where the product rounds up."""
    return torch.minimum((uniform * count).to(torch.int64), count - 1)


def _float(array: np.ndarray) -> Tensor:
    return torch.as_tensor(array, dtype=torch.float32)

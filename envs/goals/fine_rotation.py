"""Fine rotation: turn the object a little about an axis of the hand, from where it is, in place.

The joints that go with the goal are those whose finger tips move as if they were fixed to the
object. They follow from the hand's Jacobian J and the tips' displacement x:

    dq = J^T (J J^T + DAMPING I)^-1 x
"""

import numpy as np
import torch
from torch import Tensor

from configs.schema.skills import FineRotation
from envs.goals.goals import Goals, Moment, Setting
from envs.goals.table import pick
from models.rotations import conjugate, from_rotation_vector, multiply, rotate, to_rotation_vector

AXES = "xyz"
DAMPING = 1e-5  # [m^2] a fiftieth of what a finger's length contributes


class FineRotationGoals(Goals):
    """Each environment's object pose to turn to, and the joints that turn with it."""

    draws = 2  # the axis; how far and which way
    changing = (*Goals.changing, "row")

    def __init__(self, setting: Setting, skill: FineRotation) -> None:
        super().__init__(setting, skill.joint_tolerance)
        self.skill, self.kinds, layout = skill, skill.axes, setting.layout
        self.rotation_tolerance = skill.rotation_tolerance
        self.axes = torch.eye(3)[[AXES.index(name) for name in skill.axes]]
        self.limits = torch.tensor(layout.joint_lower), torch.tensor(layout.joint_upper)
        self.kinematics = setting.kinematics
        tips = setting.kinematics.tip_capsules()
        self.links = np.array([tip.link for tip in tips])
        self.middles = torch.tensor([tip.ends.mean(axis=0).tolist() for tip in tips])  # [F, 3]
        self.row = torch.zeros(len(self.age), dtype=torch.int64)

    def start(self, ids: Tensor, rows: Tensor, uniform: Tensor) -> Tensor:
        """Begin episodes at the grasps `rows` [M] (see Goals)."""
        self.row[ids], moment = rows, self._moment(rows)
        self.advance(ids, moment, uniform)
        return moment.object_pose

    def advance(self, ids: Tensor, moment: Moment, uniform: Tensor) -> None:
        """Ask for a turn from the present orientation, at the place where the episode began."""
        home = self.table.object_pose[self.row[ids]]
        self.kind[ids] = pick(uniform[:, 0], torch.full_like(ids, len(self.axes)))
        axis = self.axes[self.kind[ids]]
        either = 2.0 * uniform[:, 1] - 1.0
        least, most = self.skill.turn
        size = least + (most - least) * either.abs()
        orientation = moment.object_pose[:, 3:]
        since = to_rotation_vector(multiply(orientation, conjugate(home[:, 3:])))
        so_far = (since * axis).sum(dim=1)
        sign = torch.where(either < 0.0, -1.0, 1.0)
        back = torch.where(so_far < 0.0, 1.0, -1.0)
        sign = torch.where((so_far + sign * size).abs() > self.skill.farthest, back, sign)
        turn = from_rotation_vector((sign * size)[:, None] * axis)
        pose = torch.cat((home[:, :3], multiply(turn, orientation)), dim=1)
        moved = self._carried(moment, turn)
        joints = torch.clamp(moment.joint_position + moved, *self.limits)
        target = torch.clamp(moment.joint_target + moved, *self.limits)
        self._ask(ids, pose, joints, target)
        self.counts[ids] = True

    def _carried(self, moment: Moment, turn: Tensor) -> Tensor:
        """Return how the joints move [M, n] [rad] when the tips turn with the object, by `turn`
        [M, 4] about its place."""
        q = moment.joint_position
        arms = self.kinematics.points(q, self.links, self.middles) - moment.object_pose[:, None, :3]
        displaced = (rotate(turn[:, None], arms) - arms).flatten(1)[..., None]  # [M, 3 F, 1]
        jacobian = self.kinematics.point_jacobian(q, self.links, self.middles).flatten(1, 2)
        transposed = jacobian.transpose(1, 2)  # [M, n, 3 F]
        square = jacobian @ transposed + DAMPING * torch.eye(jacobian.shape[1])
        return (transposed @ torch.linalg.solve(square, displaced))[..., 0]

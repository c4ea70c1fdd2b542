"""Fine rotation: turn the object a little about an axis of the hand, from where it is, in place.

The joints that go with the goal are asked for anew in each control step. They are those at which
the object has gone the rest of its way and is touched where it was: no contact slides. They follow
from the contacts' Jacobian J and displacement x:

    dq = J^T (J J^T + DAMPING I)^-1 x
"""

import numpy as np
import torch
from torch import Tensor

from configs.schema.skills import FineRotation
from envs.goals.goals import Goals, Moment, Setting, relative
from envs.goals.table import pick
from models.rotations import conjugate, from_rotation_vector, multiply, rotate, to_rotation_vector

AXES = "xyz"
DAMPING = 1e-5  # [m^2] little beside what a finger's length contributes


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
        self.scale = setting.object_scale
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
        self._ask(ids, pose, moment.joint_position, moment.joint_target)
        self.counts[ids] = True

    def follow(self, moment: Moment) -> None:
        """Ask for the joints that take the object the rest of its way (see Goals)."""
        moved = self._carried(moment)
        self.joints = torch.clamp(moment.joint_position + moved, *self.limits)
        self.joint_target = torch.clamp(moment.joint_target + moved, *self.limits)

    def _carried(self, moment: Moment) -> Tensor:
        """Return how the joints move [N, n] [rad] when what touches the object goes with it to the
        goal."""
        offset, turn = relative(moment.object_pose, self.pose)
        q, local = moment.joint_position, self._contacts(moment)
        arms = self.kinematics.points(q, self.links, local) - moment.object_pose[:, None, :3]
        turned = rotate(from_rotation_vector(turn)[:, None], arms)  # [N, F, 3]
        displaced = (offset[:, None] + turned - arms).flatten(1)[..., None]  # [N, 3 F, 1]
        jacobian = self.kinematics.point_jacobian(q, self.links, local).flatten(1, 2)
        transposed = jacobian.transpose(1, 2)  # [N, n, 3 F]
        square = jacobian @ transposed + DAMPING * torch.eye(jacobian.shape[1])
        return (transposed @ torch.linalg.solve(square, displaced))[..., 0]

    def _contacts(self, moment: Moment) -> Tensor:
        """Return where the fingers touch [N, F, 3] in their links' frames, as far as the grasp of
        the start tells; of a finger that does not, the middle of its tip."""
        rows, pose = self.row, moment.object_pose[:, None]
        points = self.table.point[rows] * self.scale[:, None, None]
        points = pose[..., :3] + rotate(pose[..., 3:], points)
        frames = self.kinematics.frames(moment.joint_position)[:, self.links]  # [N, F, 4, 4]
        local = ((points - frames[..., :3, 3])[..., None, :] @ frames[..., :3, :3])[..., 0, :]
        return torch.where(self.table.touching[rows][..., None], local, self.middles)

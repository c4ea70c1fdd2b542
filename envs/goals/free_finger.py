"""Free fingers: those that hold nothing follow smooth random motions, the others hold the object.

A motion leads straight from where the finger's targets are to joint angles that are drawn within
reach and limits, so that the finger touches nothing on its way. It begins and ends at rest:

    q(t) = begin + s (end - begin),  s = 10 u^3 - 15 u^4 + 6 u^5,  u = t / duration

In some episodes the hand is empty; then the object lies aside, and every finger moves. So it is in
all episodes with an object whose grasps take every finger.
"""

import torch
from torch import Tensor

from configs.schema.skills import FreeFinger
from envs.goals.clearance import Clearance
from envs.goals.goals import POSE_AND_JOINTS, Goals, Moment, Setting
from envs.goals.table import pick
from envs.shapes.objects import PARKED
from models.kinematics import finger_of_joints

TRIES = 8  # ends that are drawn for a motion; the first that touches nothing is taken
ALONG = (0.25, 0.5, 0.75, 1.0)  # shares of the way at which that is looked at
PEAK = 1.875  # greatest slope of s(u)


class FreeFingerGoals(Goals):
    """Each environment's present motion; what is asked of the joints moves with its age.

    Where no end was found that touches nothing, the finger is asked to stay, which counts for
    nothing.
    """

    kinds = ("holding", "empty")
    judged = POSE_AND_JOINTS
    changing = (*Goals.changing, "row", "moving", "begin", "end", "length")

    def __init__(self, setting: Setting, skill: FreeFinger) -> None:
        super().__init__(setting, skill.joint_tolerance)
        self.skill, layout, hand = skill, setting.layout, setting.world.embodiment.hand
        self.object_index, self.object_scale = setting.object_index, setting.object_scale
        table = setting.table
        free = ~table.touching.all(dim=1)
        self.never = torch.bincount(table.owner[free], minlength=len(table.objects)) == 0  # [O]
        self.table = table.starting_where(free | self.never[table.owner], "leaves a finger free")
        self.clearance = Clearance(hand, setting.kinematics, setting.objects, skill.clearance)
        self.finger = torch.from_numpy(finger_of_joints(hand))  # [n]
        self.limits = torch.tensor(layout.joint_lower), torch.tensor(layout.joint_upper)
        speed = min(skill.speed, layout.action_scale * layout.control_hz)  # [rad/s]
        self.steps_per_radian = PEAK * layout.control_hz / speed
        count, joints = self.joints.shape
        # empty or not, how many fingers, which, and the ends of their motion
        self.draws = 2 + layout.num_tips + TRIES * joints
        self.row = torch.zeros(count, dtype=torch.int64)
        self.moving = torch.zeros(count, joints, dtype=torch.bool)
        self.begin, self.end = torch.zeros(2, count, joints)  # [rad]
        self.length = torch.zeros(count, dtype=torch.int64)  # [control steps]

    def start(self, ids: Tensor, rows: Tensor, uniform: Tensor) -> Tensor:
        """Begin episodes at the grasps `rows` [M], or with an empty hand (see Goals)."""
        empty = (uniform[:, 0] < self.skill.empty) | self.never[self.object_index[ids]]
        aside = torch.tensor((*PARKED, 1.0, 0.0, 0.0, 0.0))
        self.row[ids], self.weight[ids] = rows, (~empty).float()[:, None]
        self.pose[ids] = torch.where(empty[:, None], aside, self.table.object_pose[rows])
        self._renew(ids, self.table.joint_target[rows], uniform)
        return self.pose[ids]

    def advance(self, ids: Tensor, moment: Moment, uniform: Tensor) -> None:
        """Choose the next motions [M]; they begin where the joint targets are."""
        self._renew(ids, moment.joint_target, uniform)

    def met(self, distance: Tensor, angle: Tensor, joint_error: Tensor) -> tuple[Tensor, Tensor]:
        """Joints are met when those that move are, at the end of their motion (see Goals)."""
        placed, formed = super().met(distance, angle, self.tracking_error(joint_error))
        return placed, formed & (self.age >= self.length)

    def follow(self, moment: Moment) -> None:
        """Ask for the angles that the motions have come to (see Goals)."""
        share = minimum_jerk(self.age / self.length.clamp(min=1))[:, None]
        self.joints = there = self.begin + share * (self.end - self.begin)
        self.joint_target = torch.where(self.moving, there, self.joint_target)

    def tracking_error(self, joint_error: Tensor) -> Tensor:
        return joint_error * self.moving

    def _renew(self, ids: Tensor, target: Tensor, uniform: Tensor) -> None:
        """Draw motions that begin at joint targets [M, n]."""
        rows, empty = self.row[ids], self.weight[ids, 0] == 0.0
        free = ~self.table.touching[rows] | empty[:, None]  # [M, F]
        resting = free[:, self.finger]  # [M, n]
        chosen = self._fingers(free, empty, uniform[:, 1 : 2 + free.shape[1]])
        # fingers that hold are asked for the grasp, the free ones that rest for where they are
        here = torch.where(resting, target, self.table.joint_position[rows])
        end, found = self._ends(ids, here, chosen, uniform[:, 2 + free.shape[1] :])
        longest = (end - here).abs().amax(dim=1)
        self.length[ids] = torch.ceil(longest * self.steps_per_radian).to(torch.int64)
        self.limit[ids] = self.length[ids] + self.timeout
        self.begin[ids], self.end[ids] = here, end
        self.moving[ids] = chosen[:, self.finger]
        held = torch.where(resting, here, self.table.joint_target[rows])
        self._ask(ids, self.pose[ids], here, held)
        self.counts[ids], self.kind[ids] = found, empty.to(torch.int64)

    def _fingers(self, free: Tensor, empty: Tensor, uniform: Tensor) -> Tensor:
        """Draw some of the fingers that are free [M, F], of empty hands all; uniform [M, 1 + F]."""
        most = torch.full_like(free[:, 0], self.skill.fingers, dtype=torch.int64)
        keys = torch.where(free, uniform[:, 1:], 2.0)
        rank = keys.argsort(dim=1).argsort(dim=1)
        return free & (empty[:, None] | (rank <= pick(uniform[:, 0], most)[:, None]))

    def _ends(
        self, ids: Tensor, here: Tensor, chosen: Tensor, uniform: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the first ends [M, n] on the way to which the chosen fingers [M, F] touch nothing,
        and where one was found [M]; else it is `here` [M, n]. uniform [M, TRIES n]."""
        steps = self.skill.reach * (2.0 * uniform.unflatten(1, (TRIES, -1)) - 1.0)
        ends = torch.clamp(here[:, None] + steps, *self.limits)
        ends = torch.where(chosen[:, None, self.finger], ends, here[:, None])  # [M, T, n]
        way = torch.tensor(ALONG)[:, None]
        between = here[:, None, None] + way * (ends - here[:, None])[:, :, None]  # [M, T, A, n]
        clear = self.clearance.clear(
            between.flatten(1, 2).numpy(),
            chosen.numpy(),
            self.pose[ids].numpy(),
            self.object_index[ids].numpy(),
            self.object_scale[ids].numpy(),
        )
        fit = torch.from_numpy(clear).unflatten(1, (TRIES, -1)).all(dim=2)  # [M, T]
        found = fit.any(dim=1)
        best = ends[torch.arange(len(ids)), fit.int().argmax(dim=1)]
        return torch.where(found[:, None], best, here), found


def minimum_jerk(share: Tensor) -> Tensor:
    """Return the share of the way [N] after a share of the time [N], from rest to rest."""
    u = share.clamp(max=1.0)
    return u**3 * (10.0 - 15.0 * u + 6.0 * u**2)

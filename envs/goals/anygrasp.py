"""Anygrasp-to-Anygrasp: the goal is a nearby grasp, by neighbours that were computed beforehand.

The paper looks for the nearest grasp in a random subset of the cache whose object distance lies
in a range. Its subset makes the choice random among near grasps; here each grasp's neighbours
within that range are known (envs/grasp_set.py) and one of them is drawn uniformly, or a walk of
several from neighbour to neighbour. Where none lies far enough from the object to ask for a motion,
one is drawn all the same, to lead on, but it counts for nothing.
"""

import math

import torch
from torch import Tensor

from configs.schema.skills import Anygrasp
from envs.goals.goals import POSE, POSE_AND_JOINTS, Goals, Moment, Setting, relative
from envs.goals.table import pick
from envs.shapes.symmetry import find_symmetry

IN_GRASP, REGRASP, TURN = range(3)


class AnygraspGoals(Goals):
    """Each environment's goal grasp, and the grasps that it came from.

    A goal's kind is `turn` if it asks for a large rotation; else `regrasp` if a finger must come,
    go or touch elsewhere; else `in_grasp`.
    """

    kinds = ("in_grasp", "regrasp", "turn")
    changing = (*Goals.changing, "origin", "back", "goal", "edges")

    def __init__(self, setting: Setting, skill: Anygrasp) -> None:
        super().__init__(setting, skill.joint_tolerance)
        config, count = setting.world.task.goals, len(setting.object_index)
        self.config, self.skill, self.object_index = config, skill, setting.object_index
        self.judged = POSE_AND_JOINTS if skill.met_on == "pose_and_joints" else POSE
        # the first edge, and where there may be more, how many and each of them
        self.draws = 1 if skill.max_edges == 1 else 1 + skill.max_edges
        self.symmetries = (
            [find_symmetry(model.surface) for model in setting.objects]
            if skill.modulo_symmetry
            else []
        )
        self.far_square = (config.min_distance * config.position_tolerance) ** 2  # [m^2]
        half = config.min_distance * config.rotation_tolerance / 2.0  # [rad]
        self.far_cosine = math.cos(half) if half < math.pi / 2.0 else -1.0  # of half the angle
        self.turn_cosine = math.cos(min(skill.turn, math.pi) / 2.0)  # of half the angle
        self.origin = torch.zeros(count, dtype=torch.int64)  # row of the last grasp reached
        self.back = torch.zeros(count, dtype=torch.int64)  # row of the one reached before it
        self.goal = torch.zeros(count, dtype=torch.int64)  # row
        self.edges = torch.ones(count, dtype=torch.int64)  # of the walk from origin to goal

    @property
    def slack(self) -> Tensor:
        """A goal may be farther away by `max_distance` with each edge beyond the first [N] [m]."""
        return (self.edges - 1) * self.config.max_distance

    def way(self, pose: Tensor) -> tuple[Tensor, Tensor]:
        everyone = torch.arange(len(pose))
        return relative(pose, self._alike(everyone, self.pose[:, None], pose)[:, 0])

    def start(self, ids: Tensor, rows: Tensor, uniform: Tensor) -> Tensor:
        """Begin episodes at the grasps `rows` [M] (see Goals)."""
        self.goal[ids] = rows
        self.origin[ids] = rows
        pose = self.table.object_pose[rows]
        self._renew(ids, rows, rows, pose, uniform)
        return pose

    def advance(self, ids: Tensor, moment: Moment, uniform: Tensor) -> None:
        """Choose the next goal [M], from the one that was arrived at or else from its origin."""
        arrived = self.arrived[ids]
        origin = torch.where(arrived, self.goal[ids], self.origin[ids])
        back = torch.where(arrived, self.origin[ids], self.back[ids])
        self._renew(ids, origin, back, moment.object_pose, uniform)

    def follow(self, moment: Moment) -> None:
        """Nothing: what a grasp asks of the joints stays as it is."""

    def _renew(
        self, ids: Tensor, origin: Tensor, back: Tensor, pose: Tensor, uniform: Tensor
    ) -> None:
        """Walk from `origin` [M], where the object came to from `back` [M]; pose [M, 7].

        Where a reached grasp has no neighbour, the goal is the grasp that it was reached from.
        """
        goal = self._neighbour(ids, origin, back, pose, uniform[:, 0], self.origin[ids])
        edges, before = torch.ones_like(origin), origin
        if self.draws > 1:
            edges += pick(uniform[:, 1], torch.full_like(origin, self.skill.max_edges))
        for done in range(1, self.skill.max_edges):
            further = self._neighbour(ids, goal, before, pose, uniform[:, 1 + done], goal)
            goes = done < edges
            before, goal = torch.where(goes, goal, before), torch.where(goes, further, goal)
        self.goal[ids], self.origin[ids], self.back[ids] = goal, origin, back
        self.edges[ids], self.limit[ids] = edges, edges * self.timeout
        self.counts[ids] = self._away(ids, pose, goal[:, None])[:, 0]
        self.kind[ids] = self._kind(ids, origin, goal, pose)
        asked = self._moment(goal)
        self._ask(ids, asked.object_pose, asked.joint_position, asked.joint_target)

    def _neighbour(
        self, ids: Tensor, here: Tensor, back: Tensor, pose: Tensor, uniform: Tensor, other: Tensor
    ) -> Tensor:
        """Draw a neighbour [M] of the grasps `here` [M] that lies far enough from the object.

        It is neither the goal just given up nor the grasp `back` [M] that the walk came from.
        Where all are one of these the way back will do, then the same goal again, then any
        neighbour; where there is none, it is `other` [M].
        """
        candidates = self.table.neighbours[here]  # [M, k]
        exists = candidates >= 0
        away = exists & self._away(ids, pose, candidates)
        fresh = away & (candidates != self.goal[ids, None])
        onward = fresh & (candidates != back[:, None])
        allowed = exists
        for better in (away, fresh, onward):
            allowed = torch.where(better.any(dim=1, keepdim=True), better, allowed)
        place = pick(uniform, allowed.sum(dim=1).clamp(min=1))
        column = (allowed.cumsum(dim=1) == (place + 1)[:, None]).int().argmax(dim=1)
        chosen = candidates.gather(1, column[:, None])[:, 0]
        return torch.where(exists.any(dim=1), chosen, other)

    def _away(self, ids: Tensor, pose: Tensor, candidates: Tensor) -> Tensor:
        """Say which candidates [M, k] the pose [M, 7] is `min_distance` or farther from: the larger
        of (distance / position tolerance, angle / rotation tolerance)."""
        rows = candidates.clamp(min=0)  # pads read the first row
        goals = torch.nn.functional.embedding(rows, self.table.object_pose)  # [M, k, 7]
        goals = self._alike(ids, goals, pose)
        offset = goals[..., :3] - pose[:, None, :3]
        # As a square and a cosine: the root and the arc of M x k of them were most of the time
        # that environments took to get their goals.
        square = torch.linalg.vecdot(offset, offset)
        cosine = (goals[..., 3:] @ pose[:, 3:, None])[..., 0].abs()
        return (square >= self.far_square) | (cosine <= self.far_cosine)

    def _alike(self, ids: Tensor, goals: Tensor, pose: Tensor) -> Tensor:
        """Return goals [M, k, 7] turned to what looks alike and is nearest to `pose` [M, 7]."""
        if not self.symmetries:
            return goals
        goals = goals.clone()
        for number, symmetry in enumerate(self.symmetries):
            mine = self.object_index[ids] == number
            given, near = goals[mine, :, 3:].numpy(), pose[mine, None, 3:].numpy()
            goals[mine, :, 3:] = torch.from_numpy(symmetry.nearest(given, near)).float()
        return goals

    def _kind(self, ids: Tensor, origin: Tensor, goal: Tensor, pose: Tensor) -> Tensor:
        table = self.table
        seen = self._alike(ids, table.object_pose[goal, None], pose)[:, 0]
        turned = (pose[:, 3:] * seen[:, 3:]).sum(dim=1).abs() < self.turn_cosine
        before, after = table.touching[origin], table.touching[goal]  # [M, C]
        slide = table.point[origin] - table.point[goal]
        slid = torch.linalg.vecdot(slide, slide) > self.config.max_slide**2
        elsewhere = (before != after) | (before & after & slid)
        return torch.where(turned, TURN, torch.where(elsewhere.any(dim=1), REGRASP, IN_GRASP))

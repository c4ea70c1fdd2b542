"""What every skill's goals have in common: what is asked, since when, and whether it is done.

A goal is an object pose, joint angles, and the joint targets that hold both. It is reached when it
has been met for a while without a break: to pass through is not enough. What is not reached in time
is replaced, without reward.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from configs.layout import Layout
from configs.schema.world import World
from envs.goals.table import GraspTable
from envs.shapes.objects import ObjectModel
from models import rotations
from models.kinematics import Kinematics

POSE, POSE_AND_JOINTS = range(2)  # what may have to be met


@dataclass(frozen=True)
class Setting:
    """The hands and objects that goals are chosen for."""

    world: World
    layout: Layout
    kinematics: Kinematics
    table: GraspTable
    objects: Sequence[ObjectModel]
    object_index: Tensor  # [N] which object each environment has
    object_scale: Tensor  # [N] factor on its lengths


@dataclass(frozen=True)
class Moment:
    """Where M hands and their objects are when a goal is chosen for them."""

    object_pose: Tensor  # [M, 7]
    joint_position: Tensor  # [M, n] [rad]
    joint_target: Tensor  # [M, n] [rad]


class Goals(ABC):
    """Each environment's present goal; a skill says what the next one is.

    Attributes: pose [N, 7], joints [N, n] [rad] and joint_target [N, n] [rad] are what is asked;
    kind [N] is a place in `kinds`; counts [N] says which goals are worth counting; weight [N, 1]
    is 0 where the hand is empty and the object lies aside, weightless.
    """

    kinds: tuple[str, ...]  # of goals, which are reported apart
    draws = 1  # uniform numbers that a goal takes
    judged = POSE  # what must be met
    changing: tuple[str, ...] = (
        *("pose", "joints", "joint_target", "kind", "counts", "weight"),
        *("age", "stays", "limit"),
    )

    def __init__(self, setting: Setting, joint_tolerance: float) -> None:
        self.table, rules, hz = setting.table, setting.world.task.goals, setting.layout.control_hz
        self.position_tolerance = rules.position_tolerance
        self.rotation_tolerance = rules.rotation_tolerance
        self.joint_tolerance = joint_tolerance
        self.timeout = max(round(rules.timeout_s * hz), 1)  # [control steps]
        self.dwell = max(round(rules.dwell_s * hz), 1)  # [control steps]
        count, joints = len(setting.object_index), self.table.joint_position.shape[1]
        self.pose = torch.zeros(count, 7)
        self.joints, self.joint_target = torch.zeros(2, count, joints)
        self.kind = torch.zeros(count, dtype=torch.int64)
        self.counts = torch.zeros(count, dtype=torch.bool)
        self.weight = torch.ones(count, 1)
        self.age = torch.zeros(count, dtype=torch.int64)  # [control steps]
        self.stays = torch.zeros(2, count, dtype=torch.int64)  # [control steps] on pose, on both
        self.limit = torch.full((count,), self.timeout)  # [control steps]

    def draw_start(self, objects: Tensor, uniform: Tensor) -> Tensor:
        """Return the row of a grasp to start in [M] for each object index [M]; uniform [M]."""
        return self.table.draw_start(objects, uniform)

    @abstractmethod
    def start(self, ids: Tensor, rows: Tensor, uniform: Tensor) -> Tensor:
        """Begin episodes at the grasps `rows` [M]; return the poses [M, 7] that objects begin in.

        `uniform` is [M, draws].
        """

    @abstractmethod
    def advance(self, ids: Tensor, moment: Moment, uniform: Tensor) -> None:
        """Choose the next goals of environments `ids` [M]; uniform [M, draws]."""

    @abstractmethod
    def follow(self, moment: Moment) -> None:
        """Renew what is asked of the joints, where it changes with time or with the object; all
        environments' moment [N, ...]."""

    def way(self, pose: Tensor) -> tuple[Tensor, Tensor]:
        """Return the way from object poses [N, 7] to the goals', as `relative` does."""
        return relative(pose, self.pose)

    def met(self, distance: Tensor, angle: Tensor, joint_error: Tensor) -> tuple[Tensor, Tensor]:
        """Say where the object is in its pose and where the joints are in theirs, [N] each.

        Args: distance [N] [m] and angle [N] [rad] of the object, joint_error [N, n] [rad].
        """
        placed = (distance < self.position_tolerance) & (angle < self.rotation_tolerance)
        return placed, (joint_error.abs() < self.joint_tolerance).all(dim=1)

    def judge(self, placed: Tensor, formed: Tensor) -> Tensor:
        """Note one control step, from what `met` returned; return which goals are reached [N]."""
        self.age += 1
        met = torch.stack((placed, placed & formed))
        self.stays = torch.where(met, self.stays + 1, 0)
        return self.arrived & self.counts

    def tracking_error(self, joint_error: Tensor) -> Tensor:
        """Return the errors [N, n] of the joints that are to follow a motion, and 0 elsewhere."""
        return torch.zeros_like(joint_error)

    @property
    def slack(self) -> Tensor | float:
        """How much farther than task.drop_distance an object may be from its goal [m]."""
        return 0.0

    @property
    def stay(self) -> Tensor:
        """Return how long what must be met has been [N] [control steps]."""
        return self.stays[self.judged]

    @property
    def dwelt(self) -> Tensor:
        """Return the share [N] of the time in tolerance that a goal asks for."""
        return self.stay / self.dwell

    @property
    def arrived(self) -> Tensor:
        """Say what has been met for long enough [N], count it or not."""
        return self.stay >= self.dwell

    @property
    def matched(self) -> Tensor:
        """Say where pose and joints have been met for long enough [N]."""
        return self.stays[POSE_AND_JOINTS] >= self.dwell

    @property
    def expired(self) -> Tensor:
        """Say which goals were not reached in time [N]."""
        return self.age >= self.limit

    def outcomes(self, dropped: Tensor) -> dict[str, Tensor]:
        """Return a name and the outcomes, 0 or 1, of what came to its end with this step.

        Kinds are apart, and so are success on the object's pose and on pose and joints. Goals that
        an episode's time-out cuts off count for neither.
        """
        over = (self.arrived | self.expired | dropped) & self.counts
        stayed = (self.stays >= self.dwell) & ~dropped
        found = {}
        for number in self.kind[over].unique().tolist():
            chosen = over & (self.kind == number)
            for row, name in enumerate(("pose", "pose_and_joints")):
                found[f"{self.kinds[number]}/{name}"] = stayed[row, chosen].float()
        return found

    def _ask(self, ids: Tensor, pose: Tensor, joints: Tensor, joint_target: Tensor) -> None:
        """Put new goals [M, ...] in the place of the present ones."""
        self.pose[ids], self.joints[ids], self.joint_target[ids] = pose, joints, joint_target
        self.age[ids] = 0
        self.stays[:, ids] = 0

    def _moment(self, rows: Tensor) -> Moment:
        """Return the grasps `rows` [M] as a moment."""
        table = self.table
        return Moment(table.object_pose[rows], table.joint_position[rows], table.joint_target[rows])


def relative(pose: Tensor, goal: Tensor) -> tuple[Tensor, Tensor]:
    """Return the way from an object pose to its goal, both [N, 7]: offset [N, 3] [m] and rotation
    vector [N, 3] [rad], in the hand frame."""
    turn = rotations.multiply(goal[:, 3:], rotations.conjugate(pose[:, 3:]))
    return goal[:, :3] - pose[:, :3], rotations.to_rotation_vector(turn)

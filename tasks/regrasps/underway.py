"""Motions that hands are in, played in closed loop: the object goes where it should.

The targets of a motion are laid out beforehand. In physics a finger gives way, a contact rolls, and
the object gains half of what was asked. So while a motion is played, and after it, the pads of the
fingers that hold go on by what the object still lacks, step by step.
"""

from dataclasses import dataclass

import numpy as np

from configs.schema.regrasps import Servo
from models.kinematics import damped_step
from models.rotations import conjugate, rotate, slerp
from tasks.grasps.problem import Problem
from tasks.regrasps.motion import LEGS, Aim, Motions


@dataclass(frozen=True)
class Hands:
    """What N hands do now."""

    joints: np.ndarray  # [N, n] rad
    pose: np.ndarray  # [N, 7] of their objects
    force: np.ndarray  # [N, F] N, with which fingers press


@dataclass
class Underway:
    """The motion that each of N hands is in; changed in place."""

    start: np.ndarray  # [N, n] rad, targets when it began
    begun: np.ndarray  # [N, 7] the object's pose then
    motions: Motions  # [N]
    aim: Aim  # [N]
    clock: np.ndarray  # [N] control steps since it began
    correction: np.ndarray  # [N, n] rad, added to the targets laid out

    @staticmethod
    def none(count: int, joints: int, fingers: int) -> "Underway":
        """Return hands that are in no motion."""
        pose = np.tile([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0], (count, 1))
        nowhere, none = np.zeros((count, fingers, 3)), np.zeros((count, fingers), dtype=bool)
        return Underway(
            start=np.zeros((count, joints)),
            begun=pose,
            motions=Motions(np.zeros((count, LEGS, joints)), np.zeros((count, LEGS), dtype=int)),
            aim=Aim(pose.copy(), nowhere, nowhere.copy(), none, none.copy()),
            clock=np.zeros(count, dtype=int),
            correction=np.zeros((count, joints)),
        )

    def begin(
        self, rows: np.ndarray, target: np.ndarray, pose: np.ndarray, motions: Motions, aim: Aim
    ) -> None:
        """Start motions [M] in hands `rows` [M]: targets [M, n], objects at `pose` [M, 7]."""
        self.start[rows], self.begun[rows] = target, pose
        self.correction[rows], self.clock[rows] = 0.0, 0
        self.motions.put(rows, motions)
        self.aim.put(rows, aim)

    def targets(
        self, problem: Problem, config: Servo, rows: np.ndarray, hands: Hands
    ) -> np.ndarray:
        """Return where the targets of hands `rows` [M] should be after the next step [M, n]."""
        motions, aim = self.motions.take(rows), self.aim.take(rows)
        after = self.clock[rows] + 1
        share = np.where(
            motions.length > 0, np.clip(after / np.maximum(motions.length, 1), 0.0, 1.0), 1.0
        )
        wanted = between(self.begun[rows], aim.pose, share)
        holding = np.where((share >= 1.0)[:, None], aim.active, aim.holding)
        step = servo(problem, config, hands, aim, holding, wanted)
        self.correction[rows] = np.clip(self.correction[rows] + step, -config.limit, config.limit)
        self.clock[rows] = after
        return motions.at(self.start[rows], after) + self.correction[rows]

    @property
    def over(self) -> np.ndarray:
        """Return the control steps since each motion's end [N], negative before it."""
        return self.clock - self.motions.length


def servo(
    problem: Problem,
    config: Servo,
    hands: Hands,
    aim: Aim,
    holding: np.ndarray,
    wanted: np.ndarray,
) -> np.ndarray:
    """Return the joint steps [N, n] that take the pads that hold [N, F] a share of the way that
    objects lack to `wanted` [N, 7], and press those on that are light."""
    links, pose = problem.tip_links, hands.pose
    pads = problem.kinematics.points(hands.joints, links, aim.pad)
    own = rotate(conjugate(pose[:, None, 3:]), pads - pose[:, None, :3])
    lacking = wanted[:, None, :3] + rotate(wanted[:, None, 3:], own) - pads
    light = (hands.force < config.least_force)[..., None]
    inward = -rotate(pose[:, None, 3:], aim.normal)
    step = (config.gain * lacking + config.press * light * inward) * holding[..., None]
    jacobian = problem.kinematics.point_jacobian(hands.joints, links, aim.pad)
    return damped_step(jacobian, step, config.damping)


def between(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return poses [N, 7] after a share [N] of the way."""
    place = start[:, :3] + share[:, None] * (end[:, :3] - start[:, :3])
    return np.concatenate([place, slerp(start[:, 3:], end[:, 3:], share)], axis=1)

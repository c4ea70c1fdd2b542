"""Commands that are wrong in one finger or joint: crossed, mirrored, stuck, uneven, pushed.

Arrays have the shape [variants, pairs, ...]; see perturbations.py.
"""

from dataclasses import dataclass

import numpy as np

from configs.layout import Layout
from configs.schema import perturbations as schema
from configs.schema.hand import Hand
from models.kinematics import finger_of_joints
from models.motion import action_towards
from tasks.commanders.perturbations import Command, Situation, perturbed
from tasks.commanders.spells import Spells, chance_of


@dataclass
class SwappedFingers:
    """Give each finger the command of the one before it: as calm as the expert, and no noise."""

    joints: int  # of a finger

    def command(self, situation: Situation) -> Command:
        return perturbed(situation, np.roll(situation.clean, self.joints, axis=-1))


class MirroredFinger:
    """Negate one finger's command, the same finger all the time."""

    def __init__(self, hand: Hand, pairs: int, rng: np.random.Generator) -> None:
        chosen = rng.integers(len(hand.fingers), size=(pairs, 1))
        self.sign = np.where(finger_of_joints(hand) == chosen, -1.0, 1.0)  # [M, n]

    def command(self, situation: Situation) -> Command:
        return perturbed(situation, self.sign * situation.clean)


class StuckJoints:
    """Replace one joint's command by a constant; another joint and constant after a while."""

    def __init__(
        self, config: schema.StuckJoint, shape: tuple[int, int], hz: float, rng: np.random.Generator
    ) -> None:
        self.amplitude, self.rng = config.amplitude, rng
        self.spells = Spells(1.0, config.seconds, hz, shape[0], rng)
        self.joints = np.arange(shape[1])
        self.joint = np.zeros((shape[0], 1), dtype=int)
        self.value = np.zeros((shape[0], 1))  # [action]

    def command(self, situation: Situation) -> Command:
        begins = self.spells.step()[1][:, None]
        joint = self.rng.integers(len(self.joints), size=begins.shape)
        value = self.rng.uniform(-self.amplitude, self.amplitude, begins.shape)
        self.joint = np.where(begins, joint, self.joint)
        self.value = np.where(begins, value, self.value)
        stuck = self.joints == self.joint  # [M, n]
        return perturbed(situation, np.where(stuck, self.value, situation.clean))


class MiswiredJoints:
    """Negate single joints' commands, and exchange those of some fingers' joints."""

    def __init__(
        self,
        config: schema.Miswired,
        hand: Hand,
        pairs: int,
        hz: float,
        rng: np.random.Generator,
    ) -> None:
        self.config, self.rng = config, rng
        self.finger_of = finger_of_joints(hand)  # [n]
        self.spells = Spells(1.0, config.seconds, hz, pairs, rng)
        joints = len(self.finger_of)
        self.sign = np.ones((pairs, joints))
        self.source = np.tile(np.arange(joints), (pairs, 1))  # whose command a joint gets

    def command(self, situation: Situation) -> Command:
        begins = self.spells.step()[1][:, None]
        shape, fingers = self.sign.shape, self.finger_of.max() + 1
        negated = self.rng.random(shape) < self.config.negated
        exchanged = self.rng.random((shape[0], fingers)) < self.config.exchanged
        # Sorted by finger and then by chance, joints stay with their finger and change places.
        mixed = np.argsort(self.finger_of + self.rng.random(shape), axis=1)
        source = np.where(exchanged[:, self.finger_of], mixed, np.arange(shape[1]))
        self.sign = np.where(begins, np.where(negated, -1.0, 1.0), self.sign)
        self.source = np.where(begins, source, self.source)
        source = np.broadcast_to(self.source, situation.clean.shape)
        return perturbed(situation, self.sign * np.take_along_axis(situation.clean, source, -1))


class UnevenFingers:
    """Multiply each finger's command by a share of its own."""

    def __init__(
        self, config: schema.Uneven, hand: Hand, pairs: int, hz: float, rng: np.random.Generator
    ) -> None:
        self.shares, self.rng = config.shares, rng
        self.finger_of = finger_of_joints(hand)
        self.spells = Spells(1.0, config.seconds, hz, pairs, rng)
        self.share = np.ones((pairs, len(hand.fingers)))

    def command(self, situation: Situation) -> Command:
        _, begins = self.spells.step()
        drawn = self.rng.uniform(*self.shares, self.share.shape)
        self.share = np.where(begins[:, None], drawn, self.share)
        return perturbed(situation, self.share[:, self.finger_of] * situation.clean)


class PushedFinger:
    """Command one finger towards the closed hand's pose for a while now and then."""

    def __init__(
        self, config: schema.Push, hand: Hand, layout: Layout, pairs: int, rng: np.random.Generator
    ) -> None:
        hz = layout.control_hz
        self.layout, self.strength, self.rng = layout, config.strength, rng
        self.spells = Spells(chance_of(config.rate, hz), config.seconds, hz, pairs, rng)
        self.pose = np.array(hand.poses["closed"], np.float32)
        self.finger_of, self.fingers = finger_of_joints(hand), len(hand.fingers)
        self.finger = np.zeros((pairs, 1), dtype=int)

    def command(self, situation: Situation) -> Command:
        within, begins = self.spells.step()
        drawn = self.rng.integers(self.fingers, size=self.finger.shape)
        self.finger = np.where(begins[:, None], drawn, self.finger)
        pose = np.broadcast_to(self.pose, situation.target.shape)
        towards = action_towards(self.layout, situation.target, pose)
        inwards = np.clip(towards, -self.strength, self.strength)
        pushed = within[:, None] & (self.finger_of == self.finger)  # [M, n]
        return perturbed(situation, np.where(pushed, inwards, situation.clean))


class StrayFingers:
    """Command some fingers towards random poses now and then; one at least is spared."""

    def __init__(
        self,
        config: schema.Stray,
        hand: Hand,
        layout: Layout,
        pairs: int,
        rng: np.random.Generator,
    ) -> None:
        hz = layout.control_hz
        self.layout, self.rng = layout, rng
        self.spells = Spells(chance_of(config.rate, hz), config.seconds, hz, pairs, rng)
        self.finger_of, self.fingers = finger_of_joints(hand), len(hand.fingers)
        self.pose = np.zeros((pairs, layout.num_joints))  # [rad]
        self.astray = np.zeros((pairs, layout.num_joints), dtype=bool)

    def command(self, situation: Situation) -> Command:
        within, begins = self.spells.step()
        lower, upper = np.array(self.layout.joint_lower), np.array(self.layout.joint_upper)
        pose = self.rng.uniform(lower, upper, self.pose.shape)
        order = self.rng.random((len(begins), self.fingers)).argsort(axis=1)
        count = self.rng.integers(1, max(self.fingers, 2), size=(len(begins), 1))
        self.pose = np.where(begins[:, None], pose, self.pose)
        chosen = (order < count)[:, self.finger_of]
        self.astray = np.where(begins[:, None], chosen, self.astray)
        aim = np.broadcast_to(self.pose.astype(np.float32), situation.target.shape)
        towards = action_towards(self.layout, situation.target, aim)
        return perturbed(
            situation, np.where(within[:, None] & self.astray, towards, situation.clean)
        )

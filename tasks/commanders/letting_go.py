"""Commanders who would let the object go: a whole hand led to a pose, or finger after finger.

Arrays have the shape [variants, pairs, ...]; see perturbations.py.
"""

from dataclasses import replace

import numpy as np

from configs.layout import Layout
from configs.schema import perturbations as schema
from configs.schema.hand import Hand
from models.motion import action_towards
from tasks.commanders.perturbations import Command, Situation, perturbed


class TowardsPose:
    """Command every joint towards a pose of the hand, whatever the expert says."""

    def __init__(self, config: schema.Pose, hand: Hand, layout: Layout) -> None:
        self.layout, self.pose = layout, np.array(hand.poses[config.pose], np.float32)

    def command(self, situation: Situation) -> Command:
        pose = np.broadcast_to(self.pose, situation.target.shape)
        return perturbed(situation, action_towards(self.layout, situation.target, pose))


class TowardsRandomPose:
    """Command every joint towards a pose within the limits, drawn where an episode begins."""

    def __init__(self, layout: Layout, pairs: int, rng: np.random.Generator) -> None:
        self.layout, self.rng = layout, rng
        self.pose = self._draw(pairs)  # [M, n] rad, shared by the variants

    def command(self, situation: Situation) -> Command:
        fresh, drawn = situation.started.max(axis=0)[:, None], self._draw(len(self.pose))
        self.pose = np.where(fresh, drawn, self.pose)
        pose = np.broadcast_to(self.pose, situation.target.shape)
        return perturbed(situation, action_towards(self.layout, situation.target, pose))

    def _draw(self, pairs: int) -> np.ndarray:
        lower, upper = (
            np.array(bound) for bound in (self.layout.joint_lower, self.layout.joint_upper)
        )
        return self.rng.uniform(lower, upper, (pairs, len(lower))).astype(np.float32)


class WithdrawnFingers:
    """Command one touching finger after the other to the open hand's pose, for a while each.

    At the end of each withdrawal its contact is judged: whether the finger still touches.
    """

    def __init__(
        self, config: schema.Withdraw, hand: Hand, layout: Layout, shape: tuple[int, int]
    ) -> None:
        """`shape` is (variants, pairs)."""
        self.layout = layout
        self.away = round(config.seconds * layout.control_hz)  # [control steps]
        self.period = self.away + round(config.pause_s * layout.control_hz)
        self.pose = np.array(hand.poses["open"], np.float32)
        counts = [len(finger.links) for finger in hand.fingers]
        self.finger_of = np.repeat(np.arange(len(counts)), counts)  # [n]
        self.fingers = len(counts)
        self.clock = np.zeros(shape, dtype=int)  # steps since the last finger was chosen
        self.chosen = np.full(shape, self.fingers - 1)  # the finger withdrawn now or last

    def command(self, situation: Situation) -> Command:
        self.clock = np.where(situation.started, 0, self.clock)
        begins = self.clock == 0
        self.chosen = np.where(begins, self.next_touching(situation.touching), self.chosen)
        one = self.finger_of == self.chosen[..., None]  # [V, M, n]
        withdrawn = (self.clock < self.away)[..., None] & one
        pose = np.broadcast_to(self.pose, situation.target.shape)
        towards = action_towards(self.layout, situation.target, pose)
        command = perturbed(situation, np.where(withdrawn, towards, situation.clean))
        last = self.clock == self.away - 1
        finger = np.arange(self.fingers) == self.chosen[..., None]
        self.clock = (self.clock + 1) % self.period
        return replace(command, judged=last[..., None] & finger)

    def next_touching(self, touching: np.ndarray) -> np.ndarray:
        """Return the touching finger [V, M] that comes next in turn; the next one if none does."""
        turns = (self.chosen[..., None] + 1 + np.arange(self.fingers)) % self.fingers
        first = np.take_along_axis(touching, turns, axis=-1).argmax(axis=-1)
        return np.take_along_axis(turns, first[..., None], axis=-1)[..., 0]

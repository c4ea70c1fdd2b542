"""Operators other than the expert: ways in which a person would go to the goal.

Each makes a clean command: what is meant is what is done. Arrays have the shape
[variants, pairs, ...]; see perturbations.py.
"""

from dataclasses import dataclass, replace

import numpy as np

from configs.layout import Layout
from configs.schema import perturbations as schema
from configs.schema.hand import Hand
from models.kinematics import finger_of_joints
from tasks.commanders.perturbations import Command, Perturbation, Situation, perturbed


def way(layout: Layout, situation: Situation) -> np.ndarray:
    """Return each joint's way to the goal's target in full steps, [V, M, n]."""
    return (situation.goal_target - situation.target) / layout.action_scale


def meant(situation: Situation, action: np.ndarray) -> Command:
    """Wrap a command that is what its operator means."""
    command = perturbed(situation, action)
    return replace(command, clean=command.action)


class EpisodeClock:
    """Count control steps since each episode's start."""

    def __init__(self) -> None:
        self.steps: np.ndarray | None = None  # [V, M]

    def step(self, started: np.ndarray) -> np.ndarray:
        """Return the count [V, M], 0 in an episode's first step."""
        before = np.full(started.shape, -1) if self.steps is None else self.steps
        self.steps = np.where(started, 0, before + 1)
        return self.steps


@dataclass
class ProportionalOperator:
    """Move each joint by a share of its own way: near joints slow down, far ones do not wait."""

    config: schema.Proportional
    layout: Layout

    def command(self, situation: Situation) -> Command:
        return meant(situation, self.config.gain * way(self.layout, situation))


class OpenLoopOperator:
    """Steer a copy of the targets to the goal, and look at the robot's now and then at most."""

    def __init__(self, config: schema.OpenLoop, layout: Layout) -> None:
        self.gain, self.layout, self.clock = config.gain, layout, EpisodeClock()
        look = config.look_s
        self.period = max(round(look * layout.control_hz), 1) if look else None  # [control steps]
        self.copy: np.ndarray | None = None  # [V, M, n] [rad]

    def command(self, situation: Situation) -> Command:
        steps = self.clock.step(situation.started)
        looks = steps == 0 if self.period is None else steps % self.period == 0
        before = situation.target if self.copy is None else self.copy
        believed = np.where(looks[..., None], situation.target, before)
        command = meant(
            situation, self.gain * way(self.layout, replace(situation, target=believed))
        )
        self.copy = believed + self.layout.action_scale * command.action
        return command


@dataclass
class BangBangOperator:
    """Press a joint's button forward or back until it is there."""

    config: schema.BangBang
    layout: Layout

    def command(self, situation: Situation) -> Command:
        left = situation.goal_target - situation.target
        pressed = np.abs(left) > self.config.dead_band
        return meant(situation, self.config.strength * np.sign(left) * pressed)


class OneFingerOperator:
    """Move one finger for its turn, then the one that has the longest way by then."""

    def __init__(self, config: schema.OneFinger, hand: Hand, layout: Layout) -> None:
        self.gain, self.layout, self.clock = config.gain, layout, EpisodeClock()
        self.period = max(round(config.seconds * layout.control_hz), 1)  # [control steps]
        self.finger_of, self.fingers = finger_of_joints(hand), len(hand.fingers)
        self.finger: np.ndarray | None = None  # [V, M]

    def command(self, situation: Situation) -> Command:
        left = way(self.layout, situation)
        lengths = np.stack(
            [np.abs(left[..., self.finger_of == f]).max(axis=-1) for f in range(self.fingers)],
            axis=-1,
        )
        longest = lengths.argmax(axis=-1)
        turn = self.clock.step(situation.started) % self.period == 0
        before = longest if self.finger is None else self.finger
        self.finger = np.where(turn, longest, before)
        moves = self.finger_of == self.finger[..., None]
        return meant(situation, self.gain * left * moves)


class StopAndGoOperator:
    """Move like the proportional operator for a while, then rest for a while."""

    def __init__(self, config: schema.StopAndGo, layout: Layout) -> None:
        self.gain, self.layout, self.clock = config.gain, layout, EpisodeClock()
        self.go = max(round(config.go_s * layout.control_hz), 1)  # [control steps]
        self.period = self.go + round(config.rest_s * layout.control_hz)

    def command(self, situation: Situation) -> Command:
        goes = self.clock.step(situation.started) % self.period < self.go
        return meant(situation, self.gain * way(self.layout, situation) * goes[..., None])


@dataclass
class SpoiltOperator:
    """Spoil an operator's command instead of the expert's; what is meant is the operator's."""

    operator: Perturbation
    spoiling: Perturbation

    def command(self, situation: Situation) -> Command:
        made = self.operator.command(situation)
        spoilt = self.spoiling.command(replace(situation, clean=made.action))
        return replace(spoilt, clean=made.clean)

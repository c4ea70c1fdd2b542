"""What the control loop asks of a hand, of an operator, and of whoever answers a command."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class HandReading:
    """What a hand's sensors say."""

    position: np.ndarray  # [n] float32 [rad], joints in the layout's order


@dataclass(frozen=True)
class OperatorCommand:
    """What an operator asks for."""

    values: np.ndarray  # [n] an action in [-1, 1], or joint targets [rad] if absolute
    absolute: bool


@dataclass(frozen=True)
class ControlTick:
    """What an answer may depend on."""

    history: np.ndarray  # [H, S] float32, see models/state.py
    position: np.ndarray  # [n] float32 [rad]
    target: np.ndarray  # [n] float32 [rad] in force now
    command: OperatorCommand


class HandDriver(Protocol):
    """A hand that follows joint targets by its own PD loop."""

    def read(self) -> HandReading:
        """Return the newest reading; OSError: there is none now."""
        ...

    def write(self, target: np.ndarray) -> None:
        """Put joint targets [n] [rad] in force; OSError: the ones before stay in force."""
        ...

    def close(self) -> None:
        """Command no more: the last targets stay in force, so the hand holds; free the line."""
        ...


class Operator(Protocol):
    def command(self, position: np.ndarray, target: np.ndarray) -> OperatorCommand:
        """Return what is asked for, given joint positions and targets in force [n] [rad].

        OSError: the device does not answer.
        """
        ...


class Answerer(Protocol):
    def target(self, situation: ControlTick) -> np.ndarray:
        """Return the new joint targets [n] [rad], before the safety checks."""
        ...

"""The control loop: read, ask, answer, check, write, at the layout's rate."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from configs.layout import Layout
from configs.schema.robot import Safety
from models.kinematics import Kinematics
from models.session import SessionError
from models.state import push, start, state_step
from robot.interfaces import Answer, Hand, Operator, Situation
from robot.safety import check_target, valid


class Clock(Protocol):
    """Decides when the next tick begins and whether an answer came too late."""

    def wait(self) -> None:
        """Return when the next tick begins."""
        ...

    def late(self, seconds: float) -> bool:
        """Return whether an answer that took so long [s] missed its deadline."""
        ...


class RealTime:
    """Ticks at a fixed rate; a late tick costs its successors' slots and is never caught up."""

    def __init__(self, hz: float) -> None:
        self._period = 1.0 / hz
        self._next: float | None = None
        self.skipped = 0  # slots that a late tick ran over

    def wait(self) -> None:
        now = time.perf_counter()
        if self._next is None:
            self._next = now
        if now > self._next + self._period:
            behind = int((now - self._next) / self._period)
            self.skipped += behind
            self._next += behind * self._period
        time.sleep(max(0.0, self._next - now))
        self._next += self._period

    def late(self, seconds: float) -> bool:
        return seconds > self._period


class AsFastAsPossible:
    """Simulated time only: nothing is waited for and nothing is late."""

    def wait(self) -> None:
        pass

    def late(self, seconds: float) -> bool:
        return False


@dataclass
class Record:
    """What a loop did."""

    latency_s: list[float] = field(default_factory=list)  # reading to checked target, each tick
    interventions: Counter[str] = field(default_factory=Counter)

    @property
    def ticks(self) -> int:
        return len(self.latency_s)


class ControlLoop:
    """One hand, one operator, one answer; holds the last safe target whenever in doubt."""

    def __init__(
        self,
        hand: Hand,
        operator: Operator,
        answer: Answer,
        layout: Layout,
        kinematics: Kinematics,
        safety: Safety,
        clock: Clock,
    ) -> None:
        self.record = Record()
        self.clock = clock
        self._hand, self._operator, self._answer = hand, operator, answer
        self._layout, self._kinematics, self._safety = layout, kinematics, safety
        self._history: np.ndarray | None = None
        self._target: np.ndarray | None = None

    def begin(self, target: np.ndarray) -> None:
        """Start an episode with the joint targets [n] in force; the history starts afresh."""
        self._target = np.asarray(target, np.float32)
        self._history = None

    def tick(self) -> None:
        """Do one control step.

        A reading or an answer that is invalid or late is not used: the last safe target is
        written again, and the reason is counted.
        """
        if self._target is None:
            raise RuntimeError("begin() comes before tick()")
        self.clock.wait()
        began = time.perf_counter()
        target, reasons = self._decide(self._target)
        latency = time.perf_counter() - began
        if self.clock.late(latency):
            target, reasons = self._target, (*reasons, "deadline")
        self.record.latency_s.append(latency)
        self.record.interventions.update(reasons)
        self._target = target
        self._hand.write(target)

    def _decide(self, last: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return (safe target, interventions)."""
        position = np.asarray(self._hand.read().position, np.float32)
        if not valid(position, self._layout):
            return last, ("reading",)
        step = state_step(self._kinematics, position, last)
        known = self._history
        history = start(step, self._layout.history) if known is None else push(known, step)
        self._history = history
        command = self._operator.command(position, last)
        if not valid(command.values, self._layout):
            return last, ("command",)
        try:
            proposed = self._answer.target(Situation(history, position, last, command))
        except SessionError:  # what it was given or what it found is not finite
            return last, ("answer",)
        checked = check_target(proposed, last, position, self._layout, self._safety)
        return checked.target, checked.interventions

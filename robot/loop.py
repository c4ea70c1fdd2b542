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
from robot.interfaces import Answerer, ControlTick, HandDriver, Operator
from robot.safety import check_target, possible, safe, starting_target, valid
from robot.signals import uninterrupted


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
    """An episode of one hand, operator and answer; in doubt it holds the last safe target."""

    def __init__(
        self,
        hand: HandDriver,
        operator: Operator,
        answer: Answerer,
        layout: Layout,
        kinematics: Kinematics,
        safety: Safety,
        clock: Clock,
        target: np.ndarray,
    ) -> None:
        """Start with the joint targets [n] [rad] in force.

        Raises:
            UserError: they are not finite or not inside the joint limits.
        """
        self.record = Record()
        self.clock = clock
        self._hand, self._operator, self._answer = hand, operator, answer
        self._layout, self._kinematics, self._safety = layout, kinematics, safety
        self._history: np.ndarray | None = None
        self._target = starting_target(target, layout)

    def tick(self) -> None:
        """Do one control step; a signal that arrives within takes effect after the write.

        A reading or an answer that is missing, impossible or late is not used: the last safe
        target is written again, and the reason is counted.
        """
        self.clock.wait()
        with uninterrupted():
            began = time.perf_counter()
            target, reasons = self._decide(self._target)
            latency = time.perf_counter() - began
            if self.clock.late(latency):
                target, reasons = self._target, (*reasons, "deadline")
            self.record.latency_s.append(latency)
            self.record.interventions.update(reasons)
            self._write(target, self._target)

    def _write(self, target: np.ndarray, last: np.ndarray) -> None:
        """Write what is safe, whatever was decided; a hand that cannot be told keeps `last`."""
        if not safe(target, self._layout):
            self.record.interventions["unsafe"] += 1
            target = last
        try:
            self._hand.write(target.copy())  # what the driver does to it is not done to ours
        except OSError:
            self.record.interventions["write"] += 1
        else:
            self._target = target

    def _decide(self, last: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return (safe target, interventions)."""
        try:
            position = np.array(self._hand.read().position, np.float32)
        except OSError:
            self._history = None
            return last, ("read",)
        if not possible(position, self._layout, self._safety.reading_margin):
            self._history = None
            return last, ("reading",)
        history = self._remember(position, last)
        # Copies: neither the operator nor the answer can change what is written below.
        try:
            command = self._operator.command(position.copy(), last.copy())
        except OSError:
            return last, ("command",)
        if not valid(command.values, self._layout):
            return last, ("command",)
        situation = ControlTick(history.copy(), position.copy(), last.copy(), command)
        try:
            proposed = self._answer.target(situation)
        except SessionError:  # what it was given or what it found is not finite
            return last, ("answer",)
        checked = check_target(proposed, last, position, self._layout, self._safety)
        return checked.target, checked.interventions

    def _remember(self, position: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return the history [H, S] with this step; it starts afresh after a missing reading,
        because the controller knows only steps that are one control period apart."""
        step = state_step(self._kinematics, position, last)
        known = self._history
        history = start(step, self._layout.history) if known is None else push(known, step)
        self._history = history
        return history

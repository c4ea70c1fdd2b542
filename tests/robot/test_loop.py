"""The loop on a hand that obeys perfectly, so that every number can be worked by hand."""

import time

import numpy as np
import pytest

from configs.errors import UserError
from configs.load import load
from configs.schema.robot import RobotConfig
from models.kinematics import Kinematics
from models.session import SessionError
from robot.answers import UnassistedAnswerer
from robot.interfaces import HandReading, OperatorCommand
from robot.loop import AsFastAsPossible, ControlLoop, RealTime


class IdealHand:
    """Is where its target was one step ago."""

    def __init__(self, position):
        self.position = position
        self.written = []
        self.broken = ()  # names of the methods that fail

    def read(self):
        self._try("read")
        return HandReading(self.position.copy())

    def write(self, target):
        self._try("write")
        self.written.append(target)
        self.position = target.copy()

    def close(self):
        pass

    def _try(self, name):
        if name in self.broken:
            raise OSError(5, "Input/output error")


class Steady:
    def __init__(self, values, absolute=False):
        self.values, self.absolute = values, absolute

    def command(self, position, target):
        return OperatorCommand(self.values, self.absolute)


class Replies:
    """Answers by a function of the situation."""

    def __init__(self, function):
        self.target = function


@pytest.fixture
def config():
    return load(RobotConfig, ["hand=trident"], root="robot_config")


@pytest.fixture
def rest(config):
    return np.array(config.hand.rest, np.float32)


def make(config, hand, operator, answer, clock=None, start=None):
    """Return a loop that begins at the hand's rest pose."""
    layout, kinematics = config.embodiment.make_layout(), Kinematics(config.hand)
    clock, safety = clock or AsFastAsPossible(), config.robot.safety
    start = np.array(config.hand.rest, np.float32) if start is None else start
    return ControlLoop(hand, operator, answer, layout, kinematics, safety, clock, start)


def test_a_direct_command_moves_the_targets(config, rest):
    layout, hand = config.embodiment.make_layout(), IdealHand(rest)
    half = Steady(np.full(len(rest), 0.5, np.float32))
    loop = make(config, hand, half, UnassistedAnswerer(layout))
    for _ in range(3):
        loop.tick()
    moved = rest + 3 * 0.5 * layout.action_scale
    np.testing.assert_allclose(hand.written[-1], moved, atol=1e-6)
    assert loop.record.ticks == 3
    assert not loop.record.interventions


def test_an_absolute_command_is_approached_at_the_action_scale(config, rest):
    layout, hand = config.embodiment.make_layout(), IdealHand(rest)
    there = Steady(rest + np.float32(0.05), absolute=True)
    loop = make(config, hand, there, UnassistedAnswerer(layout))
    loop.tick()
    np.testing.assert_allclose(hand.written[-1], rest + layout.action_scale, atol=1e-6)
    loop.tick()
    np.testing.assert_allclose(hand.written[-1], rest + 0.05, atol=1e-6)


def test_history_starts_repeated_and_shifts(config, rest):
    layout = config.embodiment.make_layout()
    seen = []

    def answer(situation):
        seen.append(situation.history)
        return situation.target + np.float32(0.01)

    loop = make(config, IdealHand(rest), Steady(np.zeros_like(rest)), Replies(answer))
    loop.tick()
    loop.tick()
    assert seen[0].shape == (layout.history, layout.step_size)
    assert (seen[0] == seen[0][0]).all()
    np.testing.assert_array_equal(seen[1][:-1], seen[0][1:])
    first = 3 * layout.num_tips
    np.testing.assert_allclose(seen[1][-1, first : first + len(rest)], rest + 0.01, atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, 50.0])
def test_a_start_that_is_not_safe_never_begins(config, rest, value):
    hand, answer = IdealHand(rest), UnassistedAnswerer(config.embodiment.make_layout())
    with pytest.raises(UserError, match="start target"):
        make(config, hand, Steady(rest), answer, start=np.full_like(rest, value))
    assert hand.written == []


@pytest.mark.parametrize("value", [np.nan, 50.0])
def test_nobody_changes_what_is_held(config, rest, value):
    """The arrays that operator, answer and driver get are theirs to spoil."""

    class Spoiling(IdealHand):
        def write(self, target):
            super().write(target.copy())
            target[:] = value

    def spoil(situation):
        for array in (situation.history, situation.position, situation.target):
            array[:] = value
        return situation.target

    hand = Spoiling(rest)
    start = rest.copy()
    loop = make(config, hand, Steady(np.zeros_like(rest)), Replies(spoil), start=start)
    start[:] = value
    for _ in range(3):
        loop.tick()
    written = np.stack(hand.written)
    assert np.isfinite(written).all()
    # 50 rad is a proposal like any other: limited, tick by tick
    assert np.abs(np.diff(written, axis=0)).max() <= config.robot.safety.max_speed / 20 + 1e-6


@pytest.mark.parametrize("value", [np.nan, 50.0])
def test_the_last_check_is_before_the_write(config, rest, value):
    """Whatever was decided: nothing that a hand, operator or answer does gets so far."""
    hand = IdealHand(rest)
    loop = make(config, hand, Steady(rest), Replies(lambda situation: rest))
    loop._write(np.full_like(rest, value), rest)
    np.testing.assert_array_equal(hand.written[-1], rest)
    assert dict(loop.record.interventions) == {"unsafe": 1}


def test_a_hand_that_does_not_answer_is_held(config, rest):
    hand = IdealHand(rest)
    move = Replies(lambda situation: situation.target + np.float32(0.01))
    loop = make(config, hand, Steady(np.zeros_like(rest)), move)
    hand.broken = ("read",)
    loop.tick()
    np.testing.assert_array_equal(hand.written[-1], rest)
    hand.broken = ("write",)
    loop.tick()
    hand.broken = ()
    loop.tick()  # from the target in force, not from the one that was not written
    np.testing.assert_allclose(hand.written[-1], rest + 0.01, atol=1e-6)
    assert dict(loop.record.interventions) == {"read": 1, "write": 1}


@pytest.mark.parametrize("gap", ["impossible", "not finite", "missing"])
def test_after_a_gap_in_the_readings_the_history_starts_afresh(config, rest, gap):
    seen = []

    def answer(situation):
        seen.append(situation.history)
        return situation.target + np.float32(0.01)

    hand = IdealHand(rest)
    loop = make(config, hand, Steady(np.zeros_like(rest)), Replies(answer))
    for _ in range(2):
        loop.tick()
    good = hand.position
    hand.position = np.full_like(rest, {"impossible": 1e4, "not finite": np.nan}.get(gap, 0.0))
    hand.broken = ("read",) if gap == "missing" else ()
    loop.tick()
    np.testing.assert_array_equal(hand.written[-1], good)  # held
    assert loop.record.interventions["read" if gap == "missing" else "reading"] == 1
    hand.position, hand.broken = good, ()
    loop.tick()
    assert len(seen) == 3
    assert not (seen[1] == seen[1][-1]).all()
    assert (seen[2] == seen[2][-1]).all()


class Unplugged:
    def command(self, position, target):
        raise OSError(19, "No such device")


REASONS = ["reading", "command", "no command", "answer", "not_finite", "shape"]


@pytest.mark.parametrize("reason", REASONS)
def test_doubt_holds_the_last_target_and_is_counted(config, rest, reason):
    def answer(situation):
        if reason == "answer":
            raise SessionError("target (result): holds values that are not finite")
        if reason == "not_finite":
            return np.full_like(situation.target, np.nan)
        return situation.target[:-1] if reason == "shape" else situation.target + 0.01

    hand = IdealHand(np.full_like(rest, np.nan) if reason == "reading" else rest)
    command = np.full_like(rest, np.nan if reason == "command" else 0.0)
    operator = Unplugged() if reason == "no command" else Steady(command)
    loop = make(config, hand, operator, Replies(answer))
    loop.tick()
    np.testing.assert_array_equal(hand.written[-1], rest)
    assert dict(loop.record.interventions) == {reason.split()[-1]: 1}


def test_a_late_answer_is_not_used(config, rest):
    slow = {"seconds": 0.0}

    def answer(situation):
        time.sleep(slow["seconds"])
        return situation.target + np.float32(0.01)

    hand, clock = IdealHand(rest), RealTime(20.0)
    loop = make(config, hand, Steady(np.zeros_like(rest)), Replies(answer), clock)
    slow["seconds"] = 0.12  # two periods of 0.05 s and a bit
    loop.tick()
    np.testing.assert_array_equal(hand.written[-1], rest)
    assert loop.record.interventions["deadline"] == 1
    assert loop.record.latency_s[0] > 0.12
    slow["seconds"] = 0.0
    loop.tick()
    assert clock.skipped >= 1


def test_real_time_keeps_the_rate():
    clock = RealTime(100.0)
    began = time.perf_counter()
    for _ in range(21):
        clock.wait()
    took = time.perf_counter() - began
    assert took > 0.195  # 20 periods: never faster; a busy machine may be slower

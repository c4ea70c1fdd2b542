"""The loop on a hand that obeys perfectly, so that every number can be worked by hand."""

import time

import numpy as np
import pytest

from configs.load import load
from configs.schema.robot import RobotConfig
from models.kinematics import Kinematics
from models.session import SessionError
from robot.answers import Direct
from robot.interfaces import Command, Reading
from robot.loop import AsFastAsPossible, ControlLoop, RealTime


class IdealHand:
    """Is where its target was one step ago."""

    def __init__(self, position):
        self.position = position
        self.written = []

    def read(self):
        return Reading(self.position.copy())

    def write(self, target):
        self.written.append(target)
        self.position = target.copy()


class Steady:
    def __init__(self, values, absolute=False):
        self.values, self.absolute = values, absolute

    def command(self, position, target):
        return Command(self.values, self.absolute)


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


def make(config, hand, operator, answer, clock=None):
    layout = config.embodiment.make_layout()
    clock = clock or AsFastAsPossible()
    kinematics = Kinematics(config.hand)
    return ControlLoop(hand, operator, answer, layout, kinematics, config.robot.safety, clock)


def test_a_direct_command_moves_the_targets(config, rest):
    layout = config.embodiment.make_layout()
    hand = IdealHand(rest)
    loop = make(config, hand, Steady(np.full(len(rest), 0.5, np.float32)), Direct(layout))
    loop.begin(rest)
    for _ in range(3):
        loop.tick()
    moved = rest + 3 * 0.5 * layout.action_scale
    np.testing.assert_allclose(hand.written[-1], moved, atol=1e-6)
    assert loop.record.ticks == 3
    assert not loop.record.interventions


def test_an_absolute_command_is_approached_at_the_action_scale(config, rest):
    layout = config.embodiment.make_layout()
    hand = IdealHand(rest)
    loop = make(config, hand, Steady(rest + np.float32(0.05), absolute=True), Direct(layout))
    loop.begin(rest)
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
    loop.begin(rest)
    loop.tick()
    loop.tick()
    assert seen[0].shape == (layout.history, layout.step_size)
    assert (seen[0] == seen[0][0]).all()
    np.testing.assert_array_equal(seen[1][:-1], seen[0][1:])
    first = 3 * layout.num_tips
    np.testing.assert_allclose(seen[1][-1, first : first + len(rest)], rest + 0.01, atol=1e-6)
    loop.begin(rest)  # a new episode forgets the old one
    loop.tick()
    assert (seen[2] == seen[2][0]).all()


@pytest.mark.parametrize("reason", ["reading", "command", "answer", "not_finite", "shape"])
def test_doubt_holds_the_last_target_and_is_counted(config, rest, reason):
    def answer(situation):
        if reason == "answer":
            raise SessionError("target (result): holds values that are not finite")
        if reason == "not_finite":
            return np.full_like(situation.target, np.nan)
        return situation.target[:-1] if reason == "shape" else situation.target + 0.01

    hand = IdealHand(np.full_like(rest, np.nan) if reason == "reading" else rest)
    command = np.full_like(rest, np.nan if reason == "command" else 0.0)
    loop = make(config, hand, Steady(command), Replies(answer))
    loop.begin(rest)
    loop.tick()
    np.testing.assert_array_equal(hand.written[-1], rest)
    assert dict(loop.record.interventions) == {reason: 1}


def test_a_late_answer_is_not_used(config, rest):
    slow = {"seconds": 0.0}

    def answer(situation):
        time.sleep(slow["seconds"])
        return situation.target + np.float32(0.01)

    hand, clock = IdealHand(rest), RealTime(20.0)
    loop = make(config, hand, Steady(np.zeros_like(rest)), Replies(answer), clock)
    loop.begin(rest)
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


def test_a_loop_must_begin(config, rest):
    loop = make(config, IdealHand(rest), Steady(rest), Replies(lambda situation: rest))
    with pytest.raises(RuntimeError, match="begin"):
        loop.tick()

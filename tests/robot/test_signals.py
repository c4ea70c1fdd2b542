"""A run that is told to end: after the tick, with the hand closed, and without a traceback."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from robot.signals import Stopped, listening, uninterrupted
from robot.trials.realtime import paced_run
from robot.trials.trials import TwinStage

LONG = 60.0  # [s] nobody waits for it


@pytest.fixture(autouse=True)
def heeded():
    """Heed SIGINT, which a shell lets those ignore that it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_in_real_time_ends_cleanly(channel, number):
    channel.publish(1)
    overrides = channel.overrides(f"robot.realtime_s={LONG}", "robot.trials.seconds=0.1")
    command = [sys.executable, "-m", "robot.cli", "run", "robot=twin", *overrides]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout is not None
    for line in run.stdout:
        if line.startswith(f"{LONG:g} s at"):
            break
    run.send_signal(number)
    _, error = run.communicate(timeout=LONG / 2)
    assert run.returncode == 128 + number
    assert error == f"dexgen-robot: ended by {number.name}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_hand_is_closed_and_holds_its_last_targets(channel, number):
    stage = TwinStage(channel.config(), channel.bundle)
    before = signal.getsignal(number)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), number))
    timer.start()
    try:
        with listening(), pytest.raises(Stopped) as stopped, stage:
            paced_run(stage, LONG)
    finally:
        timer.cancel()  # of a run that failed: it would end the tests
    assert stopped.value.number == number
    assert signal.getsignal(number) is before
    assert stage.twin.closed
    ticks = stage.twin.seconds * stage.layout.control_hz
    assert ticks == pytest.approx(round(ticks))  # the last control step was done whole
    held = stage.twin.data.ctrl.copy()
    with pytest.raises(RuntimeError, match="closed"):
        stage.twin.write(held + 1)
    assert (stage.twin.data.ctrl == held).all()


def test_any_other_end_closes_the_hand_too(channel):
    stage = TwinStage(channel.config(), channel.bundle)
    with pytest.raises(ZeroDivisionError), stage:
        _ = 1 / 0
    assert stage.twin.closed


def test_a_signal_waits_for_the_end_of_the_block_and_a_second_does_not():
    done = []

    def work(*numbers):
        with uninterrupted():
            for number in numbers:
                signal.raise_signal(number)
                done.append(number)

    with listening():
        with pytest.raises(Stopped, match=str(int(signal.SIGTERM))):
            work(signal.SIGTERM)
        with pytest.raises(Stopped) as stopped:
            work(signal.SIGTERM, signal.SIGINT)
        work()  # nothing waits any more
    assert done == [signal.SIGTERM, signal.SIGTERM]
    assert stopped.value.name == "SIGINT"


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with listening():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)

"""How the controller is asked on a robot: strengths, activity, and where an episode begins."""

import numpy as np
import pytest

from models.activity import Activity
from models.bundle import BundleError
from models.kinematics import Kinematics
from models.session import Session
from robot import answers
from robot.answers import AssistanceError, Controller
from robot.interfaces import Command, Situation


class Recorder(Session):
    """The real session, which keeps what it was asked."""

    def assist(self, **given):
        self.asked = given
        return super().assist(**given)


@pytest.fixture
def ask(channel, tiny, monkeypatch):
    """Return a function that makes a controller of the tiny bundle from overrides."""
    monkeypatch.setattr(answers, "Session", Recorder)

    def make(*overrides: str) -> Controller:
        config = channel.config(*overrides)
        settings, rng = config.robot.assistance, np.random.default_rng(0)
        return Controller(tiny, Kinematics(config.hand), settings, rng)

    return make


def situation(layout, action: float, absolute: bool = False) -> Situation:
    joints = np.zeros(layout.num_joints, np.float32)
    history = np.zeros((layout.history, layout.step_size), np.float32)
    return Situation(history, joints, joints, Command(joints + np.float32(action), absolute))


def told(controller: Controller, action: float, absolute: bool = False) -> dict[str, np.ndarray]:
    """Return the session's inputs after a command."""
    session = controller._session
    controller.target(situation(session.layout, action, absolute))
    return session.asked  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("overrides", "calm", "busy", "cautions"),
    [
        ([], 0.2, 0.2, (1.0, 1.0)),  # the tiny bundle's default, `paper`
        (["robot.assistance.assistance=guarded"], 0.7, 0.1, (0.5, 0.25)),
        (
            ["robot.assistance.assistance=guarded", "robot.assistance.caution=0"],
            0.7,
            0.1,
            (0.0, 0.0),
        ),
        (
            ["robot.assistance.assistance=guarded", "robot.assistance.guidance=0.5"],
            0.5,
            0.5,
            (0.5, 0.25),
        ),
    ],
)
def test_strengths_are_the_manifests_unless_told_otherwise(ask, overrides, calm, busy, cautions):
    """A first command is busy; one that has rested for three seconds is calm."""
    controller = ask(*overrides)
    first = told(controller, 0.5)
    assert first["guidance"] == pytest.approx([busy])
    assert first["caution"] == pytest.approx([cautions[1]])
    for _ in range(60):
        last = told(controller, 0.0)
    assert last["guidance"] == pytest.approx([calm], rel=1e-4)
    assert last["caution"] == pytest.approx([cautions[0]], rel=1e-4)


@pytest.mark.parametrize(
    ("overrides", "share"),
    [
        ([], 1.0),
        (["robot.assistance.assistance=guarded"], 0.5),
        (["robot.assistance.assistance=guarded", "robot.assistance.share=0.2"], 0.2),
    ],
)
def test_a_share_of_a_busy_command_is_asked_about_and_a_calm_one_whole(ask, overrides, share):
    controller = ask(*overrides)
    first = told(controller, 0.2)
    assert first["command"] == pytest.approx(np.full_like(first["command"], 0.2 * share))
    for _ in range(80):
        told(controller, 0.0)
    last = told(controller, 0.2)
    assert last["command"] == pytest.approx(np.full_like(first["command"], 0.2))
    np.testing.assert_allclose(first["motion"], share * last["motion"], atol=1e-6)


def test_the_remainder_is_the_manifests_unless_told_otherwise(ask):
    guarded = "robot.assistance.assistance=guarded"
    assert told(ask(), 0.5)["remainder"] == pytest.approx([0.0])
    assert told(ask(guarded), 0.5)["remainder"] == pytest.approx([0.75])
    assert told(ask(guarded, "robot.assistance.remainder=0.5"), 0.5)["remainder"] == [0.5]


def test_an_episode_begins_without_a_past(ask):
    controller = ask("robot.assistance.assistance=guarded")
    for _ in range(60):
        told(controller, 0.0)
    controller.seed(np.random.default_rng(1))
    assert told(controller, 0.5)["guidance"] == pytest.approx([0.1])


def test_guidance_follows_the_activity_of_the_commands(ask, tiny):
    """As in an evaluation, which asks models/activity.py for many hands at once."""
    controller = ask("robot.assistance.assistance=guarded")
    meter = Activity(tiny.manifest.activity, tiny.layout.control_hz)
    rng = np.random.default_rng(0)
    for step in range(30):
        action = float(0.3 + rng.uniform(-0.5, 0.5))
        command = np.full((1, tiny.layout.num_joints), action, np.float32)
        activity = meter.step(command, np.array([step == 0]))
        expected = meter.between(activity, np.array([0.7]), np.array([0.1]))
        np.testing.assert_allclose(told(controller, action)["guidance"], expected, rtol=1e-5)


def test_the_critic_hears_the_command_as_an_action_within_its_bounds(ask, tiny):
    """An absolute command is the step towards it; an incremental one is clipped."""
    controller = ask()
    assert told(controller, 3.0)["command"].max() == 1.0
    way = 0.5 * tiny.layout.action_scale
    np.testing.assert_allclose(told(controller, way, absolute=True)["command"], 0.5, rtol=1e-5)
    assert told(controller, 9.0, absolute=True)["command"].min() == 1.0


def test_what_the_bundle_does_not_know_is_refused_in_one_line(ask):
    with pytest.raises(BundleError, match="no assistance 'bold'; one of guarded, paper"):
        ask("robot.assistance.assistance=bold")
    with pytest.raises(AssistanceError, match=r"robot\.assistance\.mode: 'hasty'"):
        ask("robot.assistance.mode=hasty")

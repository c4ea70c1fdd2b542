"""How the controller is asked on a robot: settings, memory, and where an episode begins."""

import numpy as np
import pytest

from configs.errors import UserError
from models.bundle import BundleError
from models.kinematics import Kinematics
from models.session import Question, Session
from robot import answers
from robot.answers import AssistedAnswerer
from robot.interfaces import ControlTick, OperatorCommand


class Recorder(Session):
    """The real session, which keeps what it was asked."""

    def assist(self, question):
        self.asked = question
        return super().assist(question)


@pytest.fixture
def ask(channel, tiny, monkeypatch):
    """Return a function that makes a controller of the tiny bundle from overrides."""
    monkeypatch.setattr(answers, "Session", Recorder)

    def make(*overrides: str) -> AssistedAnswerer:
        config = channel.config(*overrides)
        settings, rng = config.robot.assistance, np.random.default_rng(0)
        return AssistedAnswerer(tiny, Kinematics(config.hand), settings, rng)

    return make


def situation(layout, action: float, absolute: bool = False) -> ControlTick:
    joints = np.zeros(layout.num_joints, np.float32)
    history = np.zeros((layout.history, layout.step_size), np.float32)
    return ControlTick(
        history, joints, joints, OperatorCommand(joints + np.float32(action), absolute)
    )


def told(controller: AssistedAnswerer, action: float, absolute: bool = False) -> Question:
    """Return what the session is asked after a command."""
    session = controller._answering.session
    controller.target(situation(session.layout, action, absolute))  # type: ignore[attr-defined]
    return session.asked  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], (0.0, 1.0, 1.0, 1.0, 0.2, 0.0)),  # the tiny bundle's default, `paper`
        (["assistance=guarded"], (1.0, 0.75, 0.5, 0.25, 0.1, 0.875)),
        (["assistance=guarded", "caution=0"], (1.0, 0.75, 0.5, 0.0, 0.1, 0.875)),
        (
            ["assistance=guarded", "reading=0.5", "gain=0.25", "share=1", "remainder=0"],
            (0.5, 0.25, 1.0, 0.25, 0.1, 0.0),
        ),
        (["guidance=0.5"], (0.0, 1.0, 1.0, 1.0, 0.5, 0.0)),
    ],
)
def test_settings_are_the_manifests_unless_told_otherwise(ask, overrides, expected):
    """In the order reading, gain, share, caution, guidance, remainder."""
    asked = told(ask(*(f"robot.assistance.{override}" for override in overrides)), 0.5)
    assert asked.strength == pytest.approx(np.array([expected], np.float32))


def test_an_episode_begins_without_a_past(ask):
    """The tiny bundle remembers how often it was asked since an episode began."""
    controller = ask()
    for count in (0, 1, 2):
        assert (told(controller, 0.0).memory == count).all()
    controller.seed(np.random.default_rng(1))
    assert (told(controller, 0.5).memory == 0).all()
    assert (told(controller, 0.5).memory == 1).all()


def test_the_controller_hears_the_command_as_an_action_within_its_bounds(ask, tiny):
    """An absolute command is the step towards it; an incremental one is clipped."""
    controller = ask()
    assert told(controller, 3.0).command.max() == 1.0
    way = 0.5 * tiny.layout.action_scale
    np.testing.assert_allclose(told(controller, way, absolute=True).command, 0.5, rtol=1e-5)
    assert told(controller, 9.0, absolute=True).command.min() == 1.0


def test_what_the_bundle_does_not_know_is_refused_in_one_line(ask):
    with pytest.raises(BundleError, match="no assistance 'bold'; one of guarded, paper"):
        ask("robot.assistance.assistance=bold")
    with pytest.raises(UserError, match=r"robot\.assistance\.mode: 'hasty'"):
        ask("robot.assistance.mode=hasty")

"""How the controller is asked on a robot: settings, memory, and where an episode begins."""

import numpy as np
import pytest

from configs.errors import UserError
from models.bundle import BundleError
from models.kinematics import Kinematics
from robot.answers import AssistedAnswerer, commanded_action
from robot.interfaces import ControlTick, OperatorCommand


@pytest.fixture
def ask(channel, tiny):
    """Return a function that makes a controller of the tiny bundle from overrides."""

    def make(*overrides: str) -> AssistedAnswerer:
        config = channel.config(*(f"robot.assistance.{override}" for override in overrides))
        settings, rng = config.robot.assistance, np.random.default_rng(0)
        return AssistedAnswerer(tiny, Kinematics(config.hand), settings, rng)

    return make


def situation(layout, action: float, absolute: bool = False) -> ControlTick:
    joints = np.zeros(layout.num_joints, np.float32)
    history = np.zeros((layout.history, layout.step_size), np.float32)
    command = OperatorCommand(joints + np.float32(action), absolute)
    return ControlTick(history, joints, joints, command)


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
    assert ask(*overrides).answering.strength == pytest.approx(np.array([expected], np.float32))


def test_an_episode_begins_without_a_past(ask, tiny):
    """The tiny bundle remembers how often it was asked since an episode began."""
    controller = ask()
    for count in (1, 2, 3):
        controller.target(situation(tiny.layout, 0.0))
        assert (controller.answering.memory == count).all()
    controller.seed(np.random.default_rng(1))
    controller.target(situation(tiny.layout, 0.5))
    assert (controller.answering.memory == 1).all()


def test_the_controller_hears_the_command_as_an_action_within_its_bounds(tiny):
    """An absolute command is the step towards it; an incremental one is clipped."""
    layout, half = tiny.layout, 0.5 * tiny.layout.action_scale
    for action, absolute, heard in ((3.0, False, 1.0), (half, True, 0.5), (9.0, True, 1.0)):
        said = situation(layout, action, absolute)
        np.testing.assert_allclose(commanded_action(layout, said), heard, rtol=1e-5)


def test_what_the_bundle_does_not_know_is_refused_in_one_line(ask):
    with pytest.raises(BundleError, match="no assistance 'bold'; one of guarded, paper"):
        ask("assistance=bold")
    with pytest.raises(UserError, match=r"robot\.assistance\.mode: 'hasty'"):
        ask("mode=hasty")

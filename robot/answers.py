"""The two answers to a command: obey it, or ask the controller."""

import numpy as np

from configs.errors import UserError
from configs.layout import Layout
from configs.schema.robot import AssistanceSettings
from models.answering import Answering, commanded_motion
from models.bundle import Bundle
from models.kinematics import Kinematics
from models.motion import action_towards, apply_action
from models.session import Session
from models.strength import rows
from robot.interfaces import ControlTick


def commanded_action(layout: Layout, situation: ControlTick) -> np.ndarray:
    """Return what a command asks for, as an action [n] in [-1, 1]."""
    command = situation.command
    if command.absolute:
        return action_towards(layout, situation.target, command.values)
    return np.clip(command.values, -1.0, 1.0)


class UnassistedAnswerer:
    """The command goes to the hand itself."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def target(self, situation: ControlTick) -> np.ndarray:
        action = commanded_action(self._layout, situation)
        return apply_action(self._layout, situation.target, situation.position, action)


class AssistedAnswerer:
    """The command's keypoint motion goes through the exported controller."""

    def __init__(
        self,
        bundle: Bundle,
        kinematics: Kinematics,
        settings: AssistanceSettings,
        rng: np.random.Generator,
    ) -> None:
        """Load the bundle's graph; `rng` draws the sampler's noise.

        Raises:
            UserError: the mode is not one of the layout's. BundleError: the bundle does not
            know the assistance.
        """
        layout = bundle.layout
        if settings.mode not in layout.modes:
            raise UserError(
                f"robot.assistance.mode: {settings.mode!r} is not one of {', '.join(layout.modes)}"
            )
        strength = bundle.manifest.strength(settings.assistance, settings)
        self._layout = layout
        self._kinematics = kinematics
        mode = np.array([layout.modes.index(settings.mode)])
        self.answering = Answering(Session(bundle, settings.threads), mode, rows([strength]))
        self._fresh = True  # the next command is an episode's first
        self._rng = rng

    def seed(self, rng: np.random.Generator) -> None:
        """Begin an episode, and draw the sampler's noise from `rng` from now on."""
        self._rng, self._fresh = rng, True

    def target(self, situation: ControlTick) -> np.ndarray:
        layout, command = self._layout, situation.command
        action = commanded_action(layout, situation)
        motion = commanded_motion(
            self._kinematics,
            layout,
            situation.position,
            situation.target,
            action,
            command.values if command.absolute else None,
        )
        result = self.answering.answer(
            history=situation.history[None],
            motion=motion[None],
            command=action[None],
            started=np.array([self._fresh]),
            noise=self._rng.standard_normal((1, *layout.motion_shape), dtype=np.float32),
        )
        self._fresh = False
        return result.target[0]

"""The two answers to a command: obey it, or ask the controller."""

import numpy as np

from configs.layout import Layout
from configs.schema.robot import Assistance
from models.bundle import Bundle
from models.kinematics import Kinematics
from models.motion import absolute_motion, action_towards, apply_action, incremental_motion
from models.session import Session
from robot.interfaces import Situation


class AssistanceError(ValueError):
    """The controller cannot be asked in this way; one line with the remedy."""


class Direct:
    """The command goes to the hand itself."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def target(self, situation: Situation) -> np.ndarray:
        command = situation.command
        action = command.values
        if command.absolute:
            action = action_towards(self._layout, situation.target, command.values)
        return apply_action(self._layout, situation.target, situation.position, action)


class Controller:
    """The command's keypoint motion goes through the exported controller."""

    def __init__(
        self,
        bundle: Bundle,
        kinematics: Kinematics,
        settings: Assistance,
        rng: np.random.Generator,
    ) -> None:
        """Load the bundle's graph; `rng` draws the sampler's noise.

        Raises:
            AssistanceError: the mode is not one of the layout's.
        """
        layout = bundle.layout
        if settings.mode not in layout.modes:
            raise AssistanceError(
                f"robot.assistance.mode: {settings.mode!r} is not one of {', '.join(layout.modes)}"
            )
        guidance = settings.guidance
        guidance = bundle.manifest.guidance if guidance is None else guidance
        self._layout = layout
        self._kinematics = kinematics
        self._session = Session(bundle, settings.threads)
        self._mode = np.array([layout.modes.index(settings.mode)])
        self._guidance = np.array([guidance], np.float32)
        self._rng = rng

    def seed(self, rng: np.random.Generator) -> None:
        """Draw the sampler's noise from `rng` from now on."""
        self._rng = rng

    def target(self, situation: Situation) -> np.ndarray:
        shape = (1, *self._layout.motion_shape)
        result = self._session.assist(
            history=situation.history[None],
            motion=self._motion(situation)[None],
            mode=self._mode,
            guidance=self._guidance,
            noise=self._rng.standard_normal(shape, dtype=np.float32),
        )
        return result.target[0]

    def _motion(self, situation: Situation) -> np.ndarray:
        hand, layout, command = self._kinematics, self._layout, situation.command
        position, target = situation.position, situation.target
        if command.absolute:
            return absolute_motion(hand, layout, position, target, command.values)
        return incremental_motion(hand, layout, position, command.values)

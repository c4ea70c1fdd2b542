"""The two answers to a command: obey it, or ask the controller."""

from dataclasses import replace

import numpy as np

from configs.layout import Layout
from configs.schema.robot import Assistance
from models.activity import Activity
from models.bundle import Bundle
from models.kinematics import Kinematics
from models.motion import absolute_motion, action_towards, apply_action, incremental_motion
from models.session import Session
from models.strength import settle
from robot.interfaces import Situation


class AssistanceError(ValueError):
    """The controller cannot be asked in this way; one line with the remedy."""


def commanded_action(layout: Layout, situation: Situation) -> np.ndarray:
    """Return what a command asks for, as an action [n] in [-1, 1]."""
    command = situation.command
    if command.absolute:
        return action_towards(layout, situation.target, command.values)
    return np.clip(command.values, -1.0, 1.0)


class Direct:
    """The command goes to the hand itself."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def target(self, situation: Situation) -> np.ndarray:
        action = commanded_action(self._layout, situation)
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
            AssistanceError: the mode is not one of the layout's. BundleError: the bundle does not
            know the assistance.
        """
        layout = bundle.layout
        if settings.mode not in layout.modes:
            raise AssistanceError(
                f"robot.assistance.mode: {settings.mode!r} is not one of {', '.join(layout.modes)}"
            )
        strength = bundle.manifest.strength(settings.assistance)
        asked = {
            "guidance": settings.guidance,
            "calm_guidance": settings.guidance,
            "caution": settings.caution,
            "calm_caution": settings.caution,
            "share": settings.share,
            "remainder": settings.remainder,
        }
        strength = replace(strength, **{k: v for k, v in asked.items() if v is not None})
        self._layout = layout
        self._kinematics = kinematics
        self._session = Session(bundle, settings.threads)
        self._mode = np.array([layout.modes.index(settings.mode)])
        self._strength = strength
        self._activity = Activity(bundle.manifest.activity, layout.control_hz)
        self._fresh = True  # the next command is an episode's first
        self._rng = rng

    def seed(self, rng: np.random.Generator) -> None:
        """Begin an episode, and draw the sampler's noise from `rng` from now on."""
        self._rng, self._fresh = rng, True

    def target(self, situation: Situation) -> np.ndarray:
        shape = (1, *self._layout.motion_shape)
        command = commanded_action(self._layout, situation)[None]
        activity = self._activity.step(command, np.array([self._fresh]))
        self._fresh = False
        settled = settle(self._activity, activity[None], [self._strength])  # each [1, 1]
        share, guidance, caution, remainder = (values[0] for values in settled)
        result = self._session.assist(
            history=situation.history[None],
            motion=share * self._motion(situation)[None],
            command=share * command,
            mode=self._mode,
            guidance=guidance,
            caution=caution,
            remainder=remainder,
            noise=self._rng.standard_normal(shape, dtype=np.float32),
        )
        return result.target[0]

    def _motion(self, situation: Situation) -> np.ndarray:
        hand, layout, command = self._kinematics, self._layout, situation.command
        position, target = situation.position, situation.target
        if command.absolute:
            return absolute_motion(hand, layout, position, target, command.values)
        return incremental_motion(hand, layout, position, command.values)

"""Ways of answering a command: as it is, scaled, smoothed, or through the controller.

Arrays have the shape [perturbations, variants, pairs, ...] = [P, V, M, ...].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from configs.layout import Layout
from configs.schema import evaluate as schema
from models.activity import Activity
from models.bundle import Manifest
from models.kinematics import Kinematics
from models.motion import absolute_motion, incremental_motion
from models.session import Assisted
from models.strength import KEYS, Settled, Strength, settle
from tasks.evaluation.perturbations import Command, Situation


class Assisting(Protocol):
    """A controller that can be asked: a bundle's session, or the network itself."""

    def assist(
        self,
        history: np.ndarray,
        motion: np.ndarray,
        command: np.ndarray,
        mode: np.ndarray,
        guidance: np.ndarray,
        caution: np.ndarray,
        remainder: np.ndarray,
        noise: np.ndarray,
    ) -> Assisted:
        """See models/session.py."""
        ...


@dataclass
class Answers:
    """Turns the commands of a control step into actions, all assisted ones in one call.

    The sampler's noise is drawn once a pair and shared by the assisted variants.
    """

    session: Assisting
    kinematics: Kinematics
    layout: Layout
    variants: tuple[schema.Variant, ...]
    strengths: tuple[Strength | None, ...]  # of each variant; None where it is direct
    activity: Activity  # of the commands of the variants that ask
    modes: np.ndarray  # [M] index of the mode that each pair asks for
    rng: np.random.Generator
    smoothed: dict[int, np.ndarray] = field(default_factory=dict)  # variant -> average [P, M, n]

    def actions(
        self, commands: Sequence[Command], situations: Sequence[Situation], history: np.ndarray
    ) -> np.ndarray:
        """Return the actions [P, V, M, n] float32.

        Args:
            commands, situations: one of each perturbation, arrays [V, M, ...].
            history: [P, V, M, H, S] the controller's state.
        """
        actions = np.stack([command.action for command in commands]).astype(np.float32)
        asked = [i for i, strength in enumerate(self.strengths) if strength is not None]
        for i, variant in enumerate(self.variants):
            if isinstance(variant, schema.Direct):
                actions[:, i] *= np.float32(variant.gain)
            elif isinstance(variant, schema.LowPass):
                started = np.stack([situation.started[i] for situation in situations])
                actions[:, i] = self.smooth(i, variant, actions[:, i], started)
        if not asked:
            return actions
        motions = [self.motion(*both, asked) for both in zip(commands, situations, strict=True)]
        started = np.stack([situation.started[asked] for situation in situations])
        activity = self.activity.step(actions[:, asked], started)  # [P, A, M]
        strengths = [strength for strength in self.strengths if strength is not None]
        settled = settle(self.activity, activity, strengths)
        actions[:, asked] *= settled.share[..., None]
        motion = settled.share[..., None, None, None] * np.stack(motions)
        answer = self.assist(history[:, asked], motion, actions[:, asked], settled)
        for place, i in enumerate(asked):
            if isinstance(self.variants[i], schema.CriticGain):
                actions[:, i] *= answer.gain[:, place, :, None]
            else:
                actions[:, i] = answer.action[:, place]
        return actions

    def smooth(
        self, place: int, variant: schema.LowPass, command: np.ndarray, started: np.ndarray
    ) -> np.ndarray:
        """Return the average [P, M, n] of a variant's commands, with this step's taken in."""
        before = self.smoothed.get(place, np.zeros(command.shape))
        before = np.where(started[..., None], 0.0, before)
        share = 1.0 - np.exp(-1.0 / (self.layout.control_hz * variant.time_s))
        self.smoothed[place] = before + share * (command - before)
        return self.smoothed[place]

    def motion(self, command: Command, situation: Situation, among: list[int]) -> np.ndarray:
        """Return the keypoint motion [A, M, T, K, 3] that a command means."""
        position = situation.position[among]
        if command.desired is None:
            action = command.action[among]
            return incremental_motion(self.kinematics, self.layout, position, action)
        target, desired = situation.target[among], command.desired[among]
        return absolute_motion(self.kinematics, self.layout, position, target, desired)

    def assist(
        self,
        history: np.ndarray,
        motion: np.ndarray,
        command: np.ndarray,
        settled: Settled,
    ) -> Assisted:
        """Return the controller's answers [P, A, M, ...] for A variants that ask it."""
        groups = motion.shape[:3]  # (P, A, M)
        noise = self.rng.standard_normal((groups[0], 1, *motion.shape[2:]), dtype=np.float32)
        answer = self.session.assist(
            flat(history, 3),
            flat(motion, 3),
            flat(command, 3),
            np.broadcast_to(self.modes, groups).ravel(),
            settled.guidance.ravel(),
            settled.caution.ravel(),
            settled.remainder.ravel(),
            flat(np.broadcast_to(noise, motion.shape), 3),
        )
        return Assisted(
            **{
                name: array.reshape(*groups, *array.shape[1:])
                for name, array in vars(answer).items()
            }
        )


def flat(array: np.ndarray, axes: int) -> np.ndarray:
    """Join the first axes into one batch axis."""
    return np.ascontiguousarray(array).reshape(-1, *array.shape[axes:])


def strengths_of(
    variants: Mapping[str, schema.Variant], manifest: Manifest
) -> dict[str, Strength | None]:
    """Return each variant's strength, the manifest's where the configuration leaves it open.

    A variant that scales by the critic's gain has the caution of `guarded`.

    Raises:
        BundleError: a variant asks for an assistance that the bundle does not know.
    """
    return {name: strength_of(variant, manifest) for name, variant in variants.items()}


def strength_of(variant: schema.Variant, manifest: Manifest) -> Strength | None:
    if isinstance(variant, schema.Direct | schema.LowPass):
        return None
    name = variant.assistance if isinstance(variant, schema.Assisted) else "guarded"
    known = manifest.strength(name)
    asked = {key: getattr(variant, key, None) for key in KEYS}
    return replace(known, **{key: value for key, value in asked.items() if value is not None})

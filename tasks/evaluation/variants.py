"""Ways of answering a command: as it is, scaled, or through the exported controller.

Arrays have the shape [perturbations, variants, pairs, ...] = [P, V, M, ...].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from configs.layout import Layout
from configs.schema import evaluate as schema
from models.bundle import Bundle, BundleError
from models.kinematics import Kinematics
from models.motion import absolute_motion, incremental_motion
from models.session import Session
from tasks.evaluation.perturbations import Command, Situation


@dataclass
class Answers:
    """Turns the commands of a control step into actions, all assisted ones in one call.

    The sampler's noise is drawn once a pair and shared by the assisted variants.
    """

    session: Session
    kinematics: Kinematics
    layout: Layout
    variants: tuple[schema.Variant, ...]
    guidance: tuple[float, ...]  # of each variant; unused where it is direct
    modes: np.ndarray  # [M] index of the mode that each pair asks for
    rng: np.random.Generator

    def actions(
        self, commands: Sequence[Command], situations: Sequence[Situation], history: np.ndarray
    ) -> np.ndarray:
        """Return the actions [P, V, M, n] float32.

        Args:
            commands, situations: one of each perturbation, arrays [V, M, ...].
            history: [P, V, M, H, S] the controller's state.
        """
        actions = np.stack([command.action for command in commands]).astype(np.float32)
        assisted = [i for i, v in enumerate(self.variants) if isinstance(v, schema.Assisted)]
        for i, variant in enumerate(self.variants):
            if isinstance(variant, schema.Direct):
                actions[:, i] *= np.float32(variant.gain)
        if assisted:
            motions = [
                self.motion(*both, assisted) for both in zip(commands, situations, strict=True)
            ]
            actions[:, assisted] = self.assist(history[:, assisted], np.stack(motions), assisted)
        return actions

    def motion(self, command: Command, situation: Situation, among: list[int]) -> np.ndarray:
        """Return the keypoint motion [A, M, T, K, 3] that a command means."""
        position = situation.position[among]
        if command.desired is None:
            action = command.action[among]
            return incremental_motion(self.kinematics, self.layout, position, action)
        target, desired = situation.target[among], command.desired[among]
        return absolute_motion(self.kinematics, self.layout, position, target, desired)

    def assist(self, history: np.ndarray, motion: np.ndarray, among: list[int]) -> np.ndarray:
        """Return the controller's actions [P, A, M, n] for A assisted variants."""
        groups = motion.shape[:3]  # (P, A, M)
        noise = self.rng.standard_normal((groups[0], 1, *motion.shape[2:]), dtype=np.float32)
        guidance = np.array([self.guidance[i] for i in among], np.float32)[None, :, None]
        answer = self.session.assist(
            flat(history, 3),
            flat(motion, 3),
            np.broadcast_to(self.modes, groups).ravel(),
            np.broadcast_to(guidance, groups).ravel(),
            flat(np.broadcast_to(noise, motion.shape), 3),
        )
        return answer.action.reshape(*groups, -1)


def flat(array: np.ndarray, axes: int) -> np.ndarray:
    """Join the first axes into one batch axis."""
    return np.ascontiguousarray(array).reshape(-1, *array.shape[axes:])


def guidances(variants: Mapping[str, schema.Variant], bundle: Bundle) -> tuple[float, ...]:
    """Return each variant's guidance, the manifest's where the configuration leaves it open.

    Raises:
        BundleError: a variant asks for an assistance that the bundle's graph does not compute.
    """
    manifest = bundle.manifest
    for name, variant in variants.items():
        if isinstance(variant, schema.Assisted) and variant.assistance != manifest.assistance:
            raise BundleError(
                f"{bundle.folder}: computes assistance {manifest.assistance!r}, but variant "
                f"{name!r} asks for {variant.assistance!r}; export it or leave the variant out"
            )
    return tuple(
        variant.guidance
        if isinstance(variant, schema.Assisted) and variant.guidance is not None
        else manifest.guidance
        for variant in variants.values()
    )

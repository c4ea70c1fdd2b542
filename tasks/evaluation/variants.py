"""Ways of answering a command: as it is, scaled, smoothed, or through the controller.

Arrays have the shape [perturbations, variants, pairs, ...] = [P, V, M, ...].
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from configs.layout import Layout
from configs.schema import evaluate as schema
from models.answering import Answering, commanded_motion
from models.bundle import BundleManifest
from models.kinematics import Kinematics
from models.session import Answer, Assisting
from models.strength import KEYS, Strength, rows
from tasks.commanders.perturbations import Command, Situation
from tasks.evaluation.metrics import OVERRIDES


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
    modes: np.ndarray  # [M] index of the mode that each pair asks for
    rng: np.random.Generator
    smoothed: dict[int, np.ndarray] = field(default_factory=dict)  # variant -> average [P, M, n]
    answering: Answering | None = None  # made with the first commands, whose number it needs

    def actions(
        self, commands: Sequence[Command], situations: Sequence[Situation], history: np.ndarray
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the actions [P, V, M, n] float32, and OVERRIDES -> [P, V, M], 0 where direct.

        Args:
            commands, situations: one of each perturbation, arrays [V, M, ...].
            history: [P, V, M, H, S] the controller's state.
        """
        actions = np.stack([command.action for command in commands]).astype(np.float32)
        overridden = {name: np.zeros(actions.shape[:3]) for name in OVERRIDES}
        asked = [i for i, strength in enumerate(self.strengths) if strength is not None]
        for i, variant in enumerate(self.variants):
            if isinstance(variant, schema.Direct):
                actions[:, i] *= np.float32(variant.gain)
            elif isinstance(variant, schema.LowPass):
                started = np.stack([situation.started[i] for situation in situations])
                actions[:, i] = self.smooth(i, variant, actions[:, i], started)
        if asked:
            answer = self.assist(commands, situations, history, asked)
            for name, size in sizes(actions[:, asked], answer).items():
                overridden[name][:, asked] = size
            actions[:, asked] = answer.action
        return actions, overridden

    def smooth(
        self, place: int, variant: schema.LowPass, command: np.ndarray, started: np.ndarray
    ) -> np.ndarray:
        """Return the average [P, M, n] of a variant's commands, with this step's taken in."""
        before = self.smoothed.get(place, np.zeros(command.shape))
        before = np.where(started[..., None], 0.0, before)
        share = 1.0 - np.exp(-1.0 / (self.layout.control_hz * variant.time_s))
        self.smoothed[place] = before + share * (command - before)
        return self.smoothed[place]

    def assist(
        self,
        commands: Sequence[Command],
        situations: Sequence[Situation],
        history: np.ndarray,
        asked: list[int],
    ) -> Answer:
        """Return the controller's answers [P, A, M, ...] to the A variants that ask it."""
        both = list(zip(commands, situations, strict=True))
        motion = np.stack([self.motion(*one, asked) for one in both])
        action = np.stack([command.action[asked] for command in commands])
        started = np.stack([situation.started[asked] for situation in situations])
        groups = motion.shape[:3]  # (P, A, M)
        if self.answering is None:
            strengths = rows([s for s in self.strengths if s is not None])[None, :, None]
            self.answering = Answering(
                self.session,
                np.broadcast_to(self.modes, groups).ravel(),
                flat(np.broadcast_to(strengths, (*groups, len(KEYS))), 3),
            )
        noise = self.rng.standard_normal((groups[0], 1, *motion.shape[2:]), dtype=np.float32)
        answer = self.answering.answer(
            flat(history[:, asked], 3),
            flat(motion, 3),
            flat(action, 3),
            started.ravel(),
            flat(np.broadcast_to(noise, motion.shape), 3),
        )
        return Answer(*(part.reshape(*groups, *part.shape[1:]) for part in answer))

    def motion(self, command: Command, situation: Situation, among: list[int]) -> np.ndarray:
        """Return the keypoint motion [A, M, T, K, 3] that a command means."""
        desired = None if command.desired is None else command.desired[among]
        return commanded_motion(
            self.kinematics,
            self.layout,
            situation.position[among],
            situation.target[among],
            command.action[among],
            desired,
        )


def sizes(command: np.ndarray, answer: Answer) -> dict[str, np.ndarray]:
    """Return OVERRIDES -> mean absolute action [...] of commands [..., n] and of what became of
    them."""
    allowed, trust = answer.gain[..., None] * answer.meant, answer.trust[..., None]
    steps = (
        *(command, answer.meant - command, allowed - answer.meant, answer.action - allowed),
        trust * command,
    )
    return {name: np.abs(step).mean(axis=-1) for name, step in zip(OVERRIDES, steps, strict=True)}


def flat(array: np.ndarray, axes: int) -> np.ndarray:
    """Join the first axes into one batch axis."""
    return np.ascontiguousarray(array).reshape(-1, *array.shape[axes:])


def strength_of(variant: schema.Variant, manifest: BundleManifest) -> Strength | None:
    """Return a variant's strength, the manifest's where the configuration leaves it open; None of
    one that asks nobody.

    Raises:
        BundleError: it asks for an assistance that the bundle does not know.
    """
    if not isinstance(variant, schema.Assisted):
        return None
    return manifest.strength(variant.assistance, variant)

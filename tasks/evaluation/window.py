"""One window of evaluation: every perturbation and variant side by side in one batch.

Environment e = ((p * V) + v) * M + m holds perturbation p, variant v, pair m. Environments of
one pair begin with the same object, grasp, physical parameters and disturbances.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from envs.manipulation import ManipulationEnv
from tasks.commanders.perturbations import Command, Perturbation, Situation
from tasks.evaluation.intention import IntentionMeter
from tasks.evaluation.metrics import COUNTS, METER
from tasks.evaluation.recording import Recorder
from tasks.evaluation.variants import Answers

Expert = Callable[[ManipulationEnv], torch.Tensor]  # clean actions [N, n]


@dataclass(frozen=True)
class Arrangement:
    """How the batch is divided."""

    perturbations: int
    variants: int
    objects: tuple[int, ...]  # [M] which object each pair has
    experts: tuple[int, ...]  # [M] which expert commands it

    @property
    def pairs(self) -> int:
        return len(self.objects)

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.perturbations, self.variants, self.pairs)

    @property
    def environments(self) -> int:
        return self.perturbations * self.variants * self.pairs

    @property
    def pair(self) -> torch.Tensor:
        """Which pair each environment belongs to, [N] int64."""
        return torch.arange(self.pairs).repeat(self.perturbations * self.variants)

    def spread(self, values: Sequence[int]) -> torch.Tensor:
        """Return what each pair has [M] for every environment, [N] int64."""
        return torch.tensor(values)[self.pair]

    def split(self, values: torch.Tensor) -> np.ndarray:
        """Return per-environment values [N, ...] as [P, V, M, ...]."""
        return values.numpy().reshape(*self.shape, *values.shape[1:])


@dataclass
class Window:
    """What acts in a window, made afresh for each."""

    env: ManipulationEnv
    arrangement: Arrangement
    experts: Sequence[Expert]
    commanders: Sequence[Perturbation]  # one of each perturbation
    answers: Answers
    meter: IntentionMeter
    contact_n: float  # [N] a finger that presses more strongly touches
    recorder: Recorder | None = None  # of a few environments, for people to look at

    def run(self, ticks: int, progress: Callable[[int], None]) -> dict[str, np.ndarray]:
        """Run the window and return its counts, COUNTS -> [P, V, M] float64."""
        counts = {name: np.zeros(self.arrangement.environments) for name in COUNTS}
        counts["first_s"] += ticks / self.answers.layout.control_hz
        for tick in range(ticks):
            commands, actions, overridden = self.command()
            for name, size in overridden.items():
                counts[name] += size.ravel()
            before = self.env.keypoints.numpy().copy()
            intended = self.intended(self.env.physics.joint_position.numpy(), commands)
            _, _, _, extras = self.env.step(torch.from_numpy(actions))
            dropped = extras["dropped"].numpy()
            self.meter.step(before, intended, self.env.keypoints.numpy(), dropped)
            first = dropped & (counts["drops"] == 0)
            counts["first_s"][first] = (tick + 1) / self.answers.layout.control_hz
            counts["drops"] += dropped
            counts["goals"] += extras["reached"].numpy()
            self.judge_contacts(commands, dropped, counts)
            if self.recorder is not None:
                self.recorder.step(self.env, dropped)
            progress(tick + 1)
        counts["time_s"] += ticks / self.answers.layout.control_hz
        counts |= {name: getattr(self.meter, name) for name in METER}
        return {name: value.reshape(self.arrangement.shape) for name, value in counts.items()}

    def judge_contacts(
        self, commands: Sequence[Command], dropped: np.ndarray, counts: dict[str, np.ndarray]
    ) -> None:
        """Count the contacts that were to be judged after this step, and those that are there."""
        touching = (self.env.physics.contact_force.numpy() > self.contact_n) & ~dropped[:, None]
        size = len(dropped) // len(commands)
        for p, command in enumerate(commands):
            if command.judged is None:
                continue
            rows = slice(p * size, (p + 1) * size)
            judged = command.judged.reshape(size, -1)
            counts["asked"][rows] += judged.sum(axis=1)
            counts["kept"][rows] += (judged & touching[rows]).sum(axis=1)

    def command(self) -> tuple[list[Command], np.ndarray, dict[str, np.ndarray]]:
        """Return each perturbation's command, all environments' actions [N, n], and OVERRIDES ->
        [P, V, M]."""
        situations = self.situations()
        commands = [
            commander.command(situation)
            for commander, situation in zip(self.commanders, situations, strict=True)
        ]
        history = self.arrangement.split(self.env.history())
        actions, overridden = self.answers.actions(commands, situations, history)
        return commands, actions.reshape(self.arrangement.environments, -1), overridden

    def situations(self) -> list[Situation]:
        """Return what the commander of each perturbation sees."""
        split, env = self.arrangement.split, self.env
        clean = split(self.clean())
        target, position = split(env.joint_target), split(env.joint_observation)
        goal_target, started = split(env.goal_joint_target), split(env.started)
        touching = split(env.physics.contact_force) > self.contact_n
        return [
            Situation(clean[p], target[p], position[p], goal_target[p], started[p], touching[p])
            for p in range(self.arrangement.perturbations)
        ]

    def clean(self) -> torch.Tensor:
        """Return the experts' clean actions [N, n]."""
        offered = torch.stack([expert(self.env) for expert in self.experts])  # [E, N, n]
        chosen = self.arrangement.spread(self.arrangement.experts)
        return offered[chosen, torch.arange(self.arrangement.environments)]

    def intended(self, position: np.ndarray, commands: Sequence[Command]) -> np.ndarray:
        """Return the keypoint displacement [N, K, 3] that the clean commands ask for [m]."""
        clean = np.stack([command.clean for command in commands]).reshape(position.shape)
        moved = position + self.answers.layout.action_scale * np.clip(clean, -1.0, 1.0)
        both = self.answers.kinematics.keypoints(np.stack([position, moved]))
        return both[1] - both[0]

"""Who speaks: in each environment one kind of command after another, and how it is meant."""

from dataclasses import dataclass, replace

import numpy as np

from configs.layout import Layout
from configs.schema.perturbations import LedAway, Miswired, Pose, Push, Stray, Withdraw
from configs.schema.student import Distill
from configs.schema.world import Embodiment
from models.motion import action_towards
from tasks.commanders.commanders import make_commander
from tasks.commanders.perturbations import Situation

# Kinds that would let the object go, or whose meaning no hand can know in time: where they differ
# from the expert, the lesson is to stay.
DESTRUCTIVE = (LedAway, Miswired, Pose, Push, Stray, Withdraw)


@dataclass(frozen=True)
class Spoken:
    """What N operators say in a control step, and how it is meant."""

    command: np.ndarray  # [N, n] in [-1, 1]
    meant: np.ndarray  # [N, n] in [-1, 1]: the clean expert's action, or back to where it began
    practising: np.ndarray  # [N] bool: the student acts, and not its teacher


class Speakers:
    """Every commander speaks in every step; each environment listens to that of its spell."""

    def __init__(
        self,
        config: Distill,
        embodiment: Embodiment,
        acts: float,
        rng: np.random.Generator,
    ) -> None:
        """Begin a first spell. `acts` is the share of the spells in which the student acts."""
        self.config, self.acts, self.rng = config, acts, rng
        self.layout: Layout = embodiment.make_layout()
        count, joints = config.environments, self.layout.num_joints
        kinds = [config.library[name] for name in config.weights]
        self.commanders = [
            make_commander(kind, embodiment, 1, count, np.random.default_rng(child))
            for kind, child in zip(kinds, rng.spawn(len(kinds)), strict=True)
        ]
        weights = np.array(list(config.weights.values()))
        self.odds = weights / weights.sum()
        self.whole = np.array([isinstance(kind, (LedAway, Pose)) for kind in kinds])
        self.destructive = np.array([isinstance(kind, DESTRUCTIVE) for kind in kinds])
        self.kind = np.zeros(count, dtype=int)
        self.left = np.zeros(count, dtype=int)  # [control steps] of the present spell
        self.practising = np.zeros(count, dtype=bool)
        self.away = np.zeros((count, joints), dtype=bool)  # joints that are led astray
        self.anchor = np.zeros((count, joints))  # [rad] their targets when that began

    def step(self, situation: Situation) -> Spoken:
        """Return what is said in this control step; arrays of the situation are [1, N, ...]."""
        begun = self._begin()
        heard = [
            commander.command(
                replace(situation, started=situation.started | (begun & (self.kind == place)))
            ).action[0]
            for place, commander in enumerate(self.commanders)
        ]
        command = np.stack(heard)[self.kind, np.arange(len(self.kind))]
        clean, target = situation.clean[0], situation.target[0]
        astray = self.whole[self.kind][:, None] | (np.abs(command - clean) > 1e-6)
        astray &= self.destructive[self.kind][:, None]
        self.anchor = np.where(astray & ~(self.away & ~begun[:, None]), target, self.anchor)
        self.away = astray
        back = action_towards(self.layout, target, self.anchor)
        meant = np.where(astray, back, clean).astype(np.float32)
        return Spoken(command.astype(np.float32), meant, self.practising)

    def _begin(self) -> np.ndarray:
        """Begin spells where one is over; return where [N]. All draw, whoever uses it."""
        count = len(self.kind)
        begun = self.left <= 0
        seconds = self.rng.uniform(*self.config.spell_s, count)
        steps = np.maximum(np.round(seconds * self.layout.control_hz), 1).astype(int)
        drawn = self.rng.choice(len(self.odds), count, p=self.odds)
        practising = self.rng.uniform(size=count) < self.acts
        self.kind = np.where(begun, drawn, self.kind)
        self.practising = np.where(begun, practising, self.practising)
        self.left = np.where(begun, steps, self.left) - 1
        return begun

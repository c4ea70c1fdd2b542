"""A regrasp as a controller plays it: joint targets to go to, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from configs.schema.regrasps import Regrasps
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.regrasps.balance import Squeeze, pressing_targets
from tasks.regrasps.path import LIFTED, OVER, PRESSED
from tasks.regrasps.proposals import Proposed

# Of a regrasp: unload, lift, over, onto, press. A step in the grasp has one, and four empty ones.
LEGS = 5
NO_FINGER = -1  # goes elsewhere: a step in the grasp


@dataclass(frozen=True)
class Motions:
    """M motions of W legs: in each the targets go straight to the leg's, in so many steps."""

    target: np.ndarray  # [M, W, n] rad
    steps: np.ndarray  # [M, W] control steps

    def __len__(self) -> int:
        return len(self.steps)

    def at(self, start: np.ndarray, step: int | np.ndarray) -> np.ndarray:
        """Return the targets [M, n] [rad] after `step` control steps from `start` [M, n]."""
        ends = np.cumsum(self.steps, axis=1)
        begins = ends - self.steps
        way = np.concatenate([start[:, None], self.target], axis=1)
        share = np.clip(
            (np.asarray(step).reshape(-1, 1) - begins) / np.maximum(self.steps, 1), 0, 1
        )
        return start + np.einsum("mw,mwn->mn", share, np.diff(way, axis=1))

    @property
    def length(self) -> np.ndarray:
        """Control steps of each motion [M]."""
        return self.steps.sum(axis=1)

    def take(self, rows: np.ndarray) -> "Motions":
        """Return the motions of a mask [M] or of indices."""
        return Motions(self.target[rows], self.steps[rows])

    def slowed(self, times: np.ndarray) -> "Motions":
        """Return the motions, each so many `times` [M] as long."""
        return Motions(self.target, np.ceil(self.steps * times[:, None]).astype(int))

    def put(self, rows: np.ndarray, other: "Motions") -> None:
        """Write other motions [M] over `rows` [M]."""
        self.target[rows], self.steps[rows] = other.target, other.steps

    @staticmethod
    def none(target: np.ndarray) -> "Motions":
        """Return motions that stay at targets [M, n]."""
        return Motions(np.repeat(target[:, None], LEGS, axis=1), np.zeros((len(target), LEGS), int))

    @staticmethod
    def join(parts: Sequence["Motions"]) -> "Motions":
        """Join motions in order."""
        target = np.concatenate([part.target for part in parts])
        return Motions(target, np.concatenate([part.steps for part in parts]))


@dataclass(frozen=True)
class Aim:
    """Where M motions bring the object, and the fingers that see to it."""

    pose: np.ndarray  # [M, 7]
    pad: np.ndarray  # [M, F, 3] m, where fingers touch, in their tips' links
    normal: np.ndarray  # [M, F, 3] of the surface there, outward, in the object's frame
    active: np.ndarray  # [M, F] bool, fingers that touch in the end
    holding: np.ndarray  # [M, F] bool, fingers that touch all the while

    @staticmethod
    def at(end: Candidates, finger: np.ndarray) -> "Aim":
        """Return the aims of motions that end in grasps [M], where `finger` [M] goes elsewhere."""
        alone = np.arange(end.active.shape[1]) == finger[:, None]
        return Aim(end.object_pose, end.pad, end.normal, end.active, end.active & ~alone)

    def take(self, rows: np.ndarray) -> "Aim":
        """Return the aims of a mask [M] or of indices."""
        return Aim(*(array[rows] for array in vars(self).values()))

    @staticmethod
    def join(parts: Sequence["Aim"]) -> "Aim":
        """Join aims in order."""
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return Aim(*map(np.concatenate, columns))

    def put(self, rows: np.ndarray, other: "Aim") -> None:
        """Write other aims [M] over `rows` [M]."""
        for mine, new in zip(vars(self).values(), vars(other).values(), strict=True):
            mine[rows] = new


def straight(problem: Problem, start: np.ndarray, end: np.ndarray, rate: float) -> Motions:
    """Return motions of one leg from targets `start` [M, n] to `end` [M, n]."""
    target = np.repeat(end[:, None], LEGS, axis=1)
    steps = np.zeros((len(end), LEGS), dtype=int)
    steps[:, :1] = np.maximum(steps_of(problem, start[:, None], target[:, :1], rate), 1)
    return Motions(target, steps)


def travel(
    problem: Problem,
    before: Candidates,
    proposals: Proposed,
    ways: np.ndarray,
    config: Regrasps,
) -> tuple[Motions, Motions]:
    """Return the motions of M regrasps, and those that undo them.

    Both go: the others take over the squeeze, lift, over, onto, all press. The last leg of the
    first ends with the targets of the grasp after; the last leg of the second with those of
    `before`.
    """
    alone = np.arange(before.active.shape[1]) == proposals.finger[:, None]
    own = problem.joint_mask(alone)
    stay = before.active & ~alone
    first = squeezed(problem, before, proposals.staying, stay, config)
    last = squeezed(problem, proposals.after, proposals.staying, stay, config)
    end = squeezed(problem, proposals.after, proposals.pressing, proposals.after.active, config)
    lifted, over, pressed = (ways[:, place] for place in (LIFTED, OVER, PRESSED))
    forth = (before.joint_position, lifted, over, pressed)
    back = (pressed, over, lifted, before.joint_position)
    there = np.stack([*(np.where(own, q, first) for q in forth), end], axis=1)
    again = np.stack([*(np.where(own, q, last) for q in back), before.joint_target], axis=1)
    return timed(problem, before.joint_target, there, config), timed(problem, end, again, config)


def squeezed(
    problem: Problem, grasps: Candidates, squeeze: Squeeze, active: np.ndarray, config: Regrasps
) -> np.ndarray:
    """Return the targets [M, n] at which the `active` [M, F] fingers squeeze."""
    newtons = config.balance.force * active.sum(axis=1)
    return pressing_targets(problem, grasps, squeeze.force * newtons[:, None, None])


def timed(problem: Problem, start: np.ndarray, target: np.ndarray, config: Regrasps) -> Motions:
    """Give the legs `target` [M, W, n] that begin at `start` [M, n] the steps that they need."""
    path = config.path
    begins = np.concatenate([start[:, None], target[:, :-1]], axis=1)
    steps = steps_of(problem, begins, target, path.rate)
    steps[:, 0] = np.maximum(steps[:, 0], path.unload_steps)
    steps[:, -1] = np.maximum(steps[:, -1], path.press_steps)
    return Motions(target, steps)


def steps_of(problem: Problem, start: np.ndarray, end: np.ndarray, rate: float) -> np.ndarray:
    """Return the control steps [...] from targets to targets [..., n], at `rate` of the largest."""
    farthest = np.abs(end - start).max(axis=-1)
    return np.ceil(farthest / (rate * problem.layout.action_scale) - 1e-9).astype(int)

"""A regrasp as a controller plays it: joint targets to go to, one after the other."""

from dataclasses import dataclass

import numpy as np

from configs.schema.regrasps import Regrasps
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.regrasps.balance import pressing_targets
from tasks.regrasps.path import LIFTED, OVER, PRESSED
from tasks.regrasps.proposals import Proposals


@dataclass(frozen=True)
class Motions:
    """M motions of W legs: in each the targets go straight to the leg's, in so many steps."""

    target: np.ndarray  # [M, W, n] rad
    steps: np.ndarray  # [M, W] control steps

    def __len__(self) -> int:
        return len(self.steps)

    def at(self, start: np.ndarray, step: int | np.ndarray) -> np.ndarray:
        """Return the targets [M, n] [rad] after `step` control steps from targets `start` [M, n]."""
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


def travel(
    problem: Problem,
    before: Candidates,
    proposals: Proposals,
    ways: np.ndarray,
    config: Regrasps,
) -> tuple[Motions, np.ndarray]:
    """Return the motions of M regrasps that begin with the targets of `before`, and the targets
    [M, n] that press at their ends: unload, lift, over, onto, press."""
    path = config.path
    own = problem.finger_of_joint == proposals.finger[:, None]
    force = config.balance.force

    def squeeze(grasps: Candidates, part: np.ndarray, active: np.ndarray) -> np.ndarray:
        total = force * active.sum(axis=1)
        return pressing_targets(problem, grasps, part * total[:, None, None])

    alone = np.arange(before.active.shape[1]) == proposals.finger[:, None]
    holding = squeeze(before, proposals.staying.force, before.active & ~alone)
    at_end = squeeze(proposals.after, proposals.pressing.force, proposals.after.active)
    legs = [np.where(own, before.joint_position, holding)]
    legs += [np.where(own, ways[:, place], holding) for place in (LIFTED, OVER, PRESSED)]
    target = np.stack([*legs, at_end], axis=1)
    start = np.concatenate([before.joint_target[:, None], target[:, :-1]], axis=1)
    farthest = np.abs(target - start).max(axis=2)  # [M, W]
    steps = np.ceil(farthest / (path.rate * problem.layout.action_scale)).astype(int)
    steps[:, 0] = np.maximum(steps[:, 0], path.unload_steps)
    steps[:, -1] = np.maximum(steps[:, -1], path.press_steps)
    return Motions(target, steps), at_end

"""Motions that were planned, each between what a hand holds before it and after it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tasks.grasps.candidates import Candidates, concatenate
from tasks.regrasps.motion import Aim, Motions


@dataclass(frozen=True)
class Plans:
    """M motions, each from a grasp to what the hand should hold after it."""

    before: Candidates
    after: Candidates  # `parent` is the row of the grasp that was asked about
    forth: Motions
    back: Motions  # from after to before
    kind: np.ndarray  # [M] index in KINDS
    finger: np.ndarray  # [M] that goes elsewhere, -1: none

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def aim(self) -> Aim:
        """Where the motions bring the object [M]."""
        return Aim.at(self.after, self.finger)

    def take(self, rows: np.ndarray) -> "Plans":
        """Return the plans of a mask [M] or of indices."""
        before, after = self.before.take(rows), self.after.take(rows)
        forth, back = self.forth.take(rows), self.back.take(rows)
        return Plans(before, after, forth, back, self.kind[rows], self.finger[rows])

    def of(self, rows: np.ndarray) -> "Plans":
        """Say from which of `rows` each plan is, instead of from which place in them."""
        return replace(self, after=replace(self.after, parent=rows[self.after.parent]))

    def numbered(self, rows: np.ndarray) -> "Plans":
        """Say from which of `rows` [M] each plan is, one by one."""
        return replace(self, after=replace(self.after, parent=rows))

    @staticmethod
    def join(parts: Sequence["Plans"]) -> "Plans":
        """Join plans in order."""
        return Plans(
            concatenate([p.before for p in parts]),
            concatenate([p.after for p in parts]),
            Motions.join([p.forth for p in parts]),
            Motions.join([p.back for p in parts]),
            np.concatenate([p.kind for p in parts]),
            np.concatenate([p.finger for p in parts]),
        )

"""How a finger travels: off its contact, over to above the new one, and onto it.

Four ways for the joints of one finger; the others stay where they are. Between two of them the
joints go straight.
"""

from dataclasses import replace

import numpy as np

from configs.schema.grasps import Assignment
from configs.schema.regrasps import Path
from tasks.grasps.assignment import reach
from tasks.grasps.candidates import Candidates
from tasks.grasps.collision import CollisionChecker
from tasks.grasps.problem import Problem
from tasks.regrasps.proposals import Proposed

LIFTED, OVER, PRESSED = range(3)


def find(
    problem: Problem,
    before: Candidates,
    proposals: Proposed,
    config: Path,
    assignment: Assignment,
) -> tuple[np.ndarray, Proposed, np.ndarray]:
    """Solve for the joints at each place.

    Args:
        before: [M] grasps of the proposals, row by row.

    Returns:
        ways [K, 3, n] [rad] of those that are reached, these proposals with the joints of the
        finger at its point, and their rows [K].
    """
    alone = np.arange(before.active.shape[1]) == proposals.finger[:, None]  # [M, F]
    pressed, there = reach(problem, replace(proposals.after, active=alone), assignment)
    placed = replace(proposals.after, joint_position=pressed)
    over, near = reach(problem, replace(placed, active=alone), assignment, height=config.height)
    lifted, off = reach(
        problem, replace(before, active=alone & before.active), assignment, height=config.height
    )
    rows = np.flatnonzero(there & near & off)
    ways = np.stack([lifted, over, pressed], axis=1)[rows]
    return ways, replace(proposals.take(rows), after=placed.take(rows)), rows


def clear(
    checker: CollisionChecker,
    before: Candidates,
    proposals: Proposed,
    ways: np.ndarray,
    give: float,
) -> np.ndarray:
    """Say which travels [M] touch nothing on the way but what is held, in five places; links may
    be `give` [m] deep in the object."""
    free = np.ones(len(ways), dtype=bool)
    alone = np.arange(before.active.shape[1]) == proposals.finger[:, None]
    stays, all_of_them = before.active & ~alone, proposals.after.active
    lifted, over, pressed = ways[:, LIFTED], ways[:, OVER], ways[:, PRESSED]
    places = (  # only those still free are looked at: what rules most out comes first
        (pressed, all_of_them),
        (over, stays),
        (lifted, stays),
        (0.5 * (lifted + over), stays),
        (0.75 * lifted + 0.25 * over, stays),
    )
    for joints, touching in places:
        rows = np.flatnonzero(free)
        posed = replace(proposals.after, joint_position=joints, active=touching)
        free[rows] = checker.free(posed.take(rows), give)
    return free

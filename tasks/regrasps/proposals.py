"""Where a finger may go next: points that it reaches, apart from the others, that hold with them.

A proposal is a grasp after a regrasp, with the object where it is; `parent` is the row of the grasp
before, `finger` the one that goes, or comes where it did not touch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from configs.schema.regrasps import Regrasps
from models.rotations import rotate
from tasks.grasps.candidates import Candidates, concatenate
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import pads_of
from tasks.grasps.workspace import Workspace
from tasks.regrasps.balance import Squeeze, share_out

HELD, NEAR, BALANCED = "held by the others", "within reach", "balanced"  # stages of proposing


@dataclass(frozen=True)
class Proposed:
    """M regrasps: what the hand would be after each, and how the fingers that stay hold it."""

    after: Candidates  # the finger is only near its point: its joints are an entry of the table
    finger: np.ndarray  # [M] that goes or comes
    strain: np.ndarray  # [M] [m] from the finger to its new contact where the object goes next
    staying: Squeeze  # of the fingers that stay, while it travels
    pressing: Squeeze  # of all, when it is there

    def __len__(self) -> int:
        return len(self.finger)

    def take(self, rows: np.ndarray) -> "Proposed":
        """Return the proposals of a mask [M] or of indices."""
        squeezes = (self.staying.take(rows), self.pressing.take(rows))
        return Proposed(self.after.take(rows), self.finger[rows], self.strain[rows], *squeezes)

    @staticmethod
    def join(parts: Sequence["Proposed"]) -> "Proposed":
        """Join proposals in order."""
        return Proposed(
            concatenate([p.after for p in parts]),
            np.concatenate([p.finger for p in parts]),
            np.concatenate([p.strain for p in parts]),
            Squeeze.join([p.staying for p in parts]),
            Squeeze.join([p.pressing for p in parts]),
        )


def propose(
    problem: Problem,
    workspace: Workspace,
    before: Candidates,
    finger: np.ndarray,
    ahead: np.ndarray,
    config: Regrasps,
    rng: np.random.Generator,
    note: Callable[[str, np.ndarray], None] = lambda *_: None,
) -> Proposed:
    """Look at random points for each grasp's finger [N]; return those that balance.

    `ahead` [N, 7] is where the object is to be next: of the points within reach now, those that
    the finger reaches best there are looked at. `note` is told which rows are left after a stage.
    """
    stays = before.active & (np.arange(before.active.shape[1]) != finger[:, None])
    held = share_out(before.point, before.normal, stays, config.balance)
    enough = np.flatnonzero(holds(held, stays, config))
    note(HELD, enough)
    row, point, normal, entry = reachable_points(
        problem, workspace, before.take(enough), finger[enough], config, rng
    )
    row = enough[row]
    note(NEAR, row)
    cost = strain(problem, workspace, ahead[row], finger[row], point, normal, config)
    best = lowest(cost, row, config.proposals.kept)
    row, point, normal, entry, cost = (a[best] for a in (row, point, normal, entry, cost))
    after = put(
        problem, workspace, replace(before.take(row), parent=row), finger[row], point, normal, entry
    )
    staying = share_out(after.point, after.normal, stays[row], config.balance)
    pressing = share_out(after.point, after.normal, after.active, config.balance)
    found = Proposed(after, finger[row], cost, staying, pressing)
    part = pressing.share[np.arange(len(row)), finger[row]] >= config.balance.least_share
    balanced = part & holds(pressing, after.active, config)
    note(BALANCED, row[balanced])
    return found.take(balanced)


def holds(squeeze: Squeeze, active: np.ndarray, config: Regrasps) -> np.ndarray:
    """Say which squeezes [N] of the active fingers [N, F] balance."""
    return (squeeze.residual < config.balance.residual) & (active.sum(axis=1) >= 2)


def reachable_points(
    problem: Problem,
    workspace: Workspace,
    before: Candidates,
    finger: np.ndarray,
    config: Regrasps,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw points of the surface; keep those within reach of the finger and apart from contacts.

    Returns:
        rows [M] of the grasps, point and normal [M, 3] in the object's frame, entry [M] of the
        finger's table of pads.
    """
    count, each, proposals = len(before), config.proposals.points, config.proposals
    point, normal = (
        a.reshape(count, each, 3) for a in problem.model.sample_surface(count * each, rng)
    )
    away = np.linalg.norm(point[:, :, None] - before.point[:, None], axis=-1)  # [N, P, F]
    own = (np.arange(before.active.shape[1]) == finger[:, None])[:, None]
    least = np.where(own, proposals.moved, proposals.apart)
    apart = ((away >= least) | ~before.active[:, None]).all(axis=2)
    row, place = np.nonzero(apart)
    point, normal = point[row, place], normal[row, place]
    pose = before.object_pose[row]
    cost, entry = pads_at(problem, workspace, pose, finger[row], point, normal, proposals.tries)
    near = cost < proposals.reach
    return row[near], point[near], normal[near], entry[near]


def pads_at(
    problem: Problem,
    workspace: Workspace,
    pose: np.ndarray,
    finger: np.ndarray,
    point: np.ndarray,
    normal: np.ndarray,
    tries: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Look up how near finger [M] comes to a point [M, 3] of the object at `pose` [M, 7]; return
    that cost [M] [m] and the entry [M] of its table."""
    facing = rotate(pose[:, 3:], normal)
    pad = pose[:, :3] + rotate(pose[:, 3:], point) + problem.tip_radii[finger][:, None] * facing
    return workspace.reach_of(finger, pad, facing, tries)


def strain(
    problem: Problem,
    workspace: Workspace,
    ahead: np.ndarray,
    finger: np.ndarray,
    point: np.ndarray,
    normal: np.ndarray,
    config: Regrasps,
) -> np.ndarray:
    """Return how far fingers [M] are from their contacts where the object is next [M] [m]."""
    tries = config.proposals.tries
    return pads_at(problem, workspace, ahead, finger, point, normal, tries)[0]


def lowest(cost: np.ndarray, row: np.ndarray, kept: int) -> np.ndarray:
    """Return the places of each row's `kept` lowest costs [M], by row, the lowest first."""
    order = np.lexsort((cost, row))
    _, first = np.unique(row[order], return_index=True)
    place = np.arange(len(order)) - np.repeat(first, np.diff([*first, len(order)]))
    return order[place < kept]


def put(
    problem: Problem,
    workspace: Workspace,
    grasps: Candidates,
    finger: np.ndarray,
    point: np.ndarray,
    normal: np.ndarray,
    entry: np.ndarray,
) -> Candidates:
    """Give each grasp's finger [M] a new point, its pad and joints of the table that are near."""
    rows = np.arange(len(grasps))
    changed = {name: getattr(grasps, name).copy() for name in ("active", "point", "normal", "pad")}
    changed["active"][rows, finger] = True
    changed["point"][rows, finger], changed["normal"][rows, finger] = point, normal
    changed["pad"][rows, finger] = pads_of(problem)[finger, entry % workspace.places]
    own = problem.finger_of_joint == finger[:, None]
    joints = np.where(own, workspace.joints[entry // workspace.places], grasps.joint_position)
    return replace(grasps, joint_position=joints, **changed)

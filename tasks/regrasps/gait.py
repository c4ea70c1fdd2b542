"""The next motion on the way to a pose: on in this grasp, or first a finger elsewhere.

To turn a box by 90 degrees the fingers turn it as far as they reach. Then one
after the other goes back to where it can push on. The paper's experts learn this; here it is
planned, one motion at a time, from any state.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from configs.schema.grasps import Grasps
from configs.schema.physics import Physics
from configs.schema.regrasps import Regrasps
from envs.grasp_graph import IN_GRASP, THUMBS, kind_of
from models.rotations import conjugate, from_rotation_vector, multiply, to_rotation_vector
from tasks.grasps.assignment import reach
from tasks.grasps.candidates import Candidates, concatenate
from tasks.grasps.collision import CollisionChecker
from tasks.grasps.problem import Problem
from tasks.grasps.workspace import Workspace
from tasks.regrasps import path
from tasks.regrasps.balance import each_shared_out, share_out
from tasks.regrasps.motion import NO_FINGER, squeezed, straight, travel
from tasks.regrasps.plans import Plans
from tasks.regrasps.proposals import BALANCED, HELD, NEAR, Proposed, holds, propose, strain

WIDER = 4  # times as many points where the thumb is to be free: few are of use
SAFE = 3  # fingers that should hold while another goes elsewhere
ASKED, REACHED, FREE = "asked", "reached", "free of collision"
# of planning a regrasp, in order
STAGES = (ASKED, HELD, NEAR, BALANCED, REACHED, FREE)
PARTS = (1.0, 0.5, 0.25)  # of a step: less where more is out of reach


class Planner:
    """Plans motions of one object in one hand."""

    def __init__(
        self, problem: Problem, physics: Physics, config: Regrasps, grasps: Grasps, seed: int
    ) -> None:
        self.problem, self.config, self.grasps = problem, config, grasps
        self.funnel: Counter[str] = Counter()  # grasps that have a regrasp left after each stage
        self.workspace = Workspace(problem, seed)
        self.checker = CollisionChecker(problem, physics, grasps.penetration)

    def in_grasp(
        self, before: Candidates, goal: np.ndarray, sure: bool = False, clear: bool = True
    ) -> Plans:
        """Turn and move the object towards `goal` [N, 7] with the contacts that there are.

        Grasps that do not balance, that cannot reach so far or would collide are left out; those
        out of balance are not where it is `sure` that they hold, and collisions are looked for
        where a way has to be `clear`.
        """
        squeeze = share_out(before.point, before.normal, before.active, self.config.balance)
        fit = sure | holds(squeeze, before.active, self.config)
        rows = np.flatnonzero(fit)
        before, squeeze = replace(before.take(rows), parent=rows), squeeze.take(rows)
        left, parts, order = np.arange(len(rows)), [], []
        for part in PARTS:
            moved, there = self._moved(before.take(left), goal[rows[left]], part, clear)
            parts.append(moved.take(there))
            order.append(left[there])
            left = left[~there]
        moved, found = concatenate(parts), np.concatenate(order)
        before, squeeze = before.take(found), squeeze.take(found)
        target = squeezed(self.problem, moved, squeeze, moved.active, self.config)
        after = replace(moved, joint_target=target)
        rate = self.config.path.rate
        return Plans(
            before,
            after,
            straight(self.problem, before.joint_target, target, rate),
            straight(self.problem, target, before.joint_target, rate),
            np.full(len(after), IN_GRASP),
            np.full(len(after), NO_FINGER),
        )

    def _moved(
        self, before: Candidates, goal: np.ndarray, part: float, clear: bool
    ) -> tuple[Candidates, np.ndarray]:
        """Take the fingers along a step, or `part` of it; say where that works [N]."""
        gait = self.config.gait
        pose = towards(
            before.object_pose, goal, part * gait.step_position, part * gait.step_rotation
        )
        moved = replace(before, object_pose=pose)
        joints, there = reach(self.problem, moved, self.grasps.assignment)
        moved = replace(moved, joint_position=joints)
        if clear:
            there[there] = self.checker.free(moved.take(there), gait.give)
        return moved, there

    def regrasps(
        self,
        before: Candidates,
        goal: np.ndarray,
        each: int,
        rng: np.random.Generator,
        thumb: np.ndarray | None = None,
        give: float = 0.0,
    ) -> Plans:
        """Plan regrasps of any finger, up to `each` a grasp: those first that three fingers hold
        meanwhile, and of these those after which the fingers reach farthest towards `goal` [N, 7].
        Links may be `give` [m] deep in what they touch: where a hand is, is known to no less.

        Where `thumb` [N], the thumb is to go elsewhere: if the others hold without it, it does;
        else another finger goes where they nearly do.
        """
        count = len(before)
        self._note(ASKED, np.arange(count))
        ahead = towards(before.object_pose, goal, np.inf, self.config.gait.ahead)
        thumb = np.zeros(count, dtype=bool) if thumb is None else thumb
        found = Proposed.join(
            [
                self._proposals(before, ahead, np.flatnonzero(~thumb), 1, rng),
                self._proposals(before, ahead, np.flatnonzero(thumb), WIDER, rng),
            ]
        )
        parent = found.after.parent
        gain = self.strain(before, ahead)[parent, found.finger] - found.strain
        alone = (found.staying.share > 0.0).sum(axis=1) < SAFE
        first = np.where(self.thumb[found.finger], 0.0, self.without_thumb(found.after))
        order = np.lexsort((-gain, alone, np.where(thumb[parent], first, 0.0), parent))
        return self._ways(before, found.take(order), each, give)

    def _proposals(
        self, before: Candidates, ahead: np.ndarray, rows: np.ndarray, wider: int, rng: Generator
    ) -> Proposed:
        """Propose regrasps of any finger of some grasps, among so many times as many points."""
        fingers, own = before.active.shape[1], self.config.proposals
        each = replace(own, points=wider * own.points, kept=wider * own.kept)
        row, finger = np.repeat(rows, fingers), np.tile(np.arange(fingers), len(rows))
        found = propose(
            self.problem,
            self.workspace,
            before.take(row),
            finger,
            ahead[row],
            replace(self.config, proposals=each),
            rng,
            lambda stage, left: self._note(stage, row[left]),
        )
        return replace(found, after=replace(found.after, parent=row[found.after.parent]))

    @property
    def thumb(self) -> np.ndarray:
        """Which finger is the thumb [F]."""
        return np.array([finger.name == THUMBS for finger in self.problem.hand.fingers])

    def without_thumb(self, grasps: Candidates) -> np.ndarray:
        """Return how far the other fingers are from holding by themselves [N]."""
        others = grasps.active & ~self.thumb
        return share_out(grasps.point, grasps.normal, others, self.config.balance).residual

    def place(self, before: Candidates, finger: np.ndarray, there: Candidates) -> Plans:
        """Take a finger [N] of each hand to its contact in the grasps `there` [N], or back onto it;
        the others stay where they are.

        There is none where it does not get there or would collide, nor where the others do not hold
        without a finger that presses now.
        """
        rows = np.arange(len(before))
        own = self.problem.finger_of_joint == finger[:, None]
        changed = {
            name: getattr(before, name).copy() for name in ("active", "point", "normal", "pad")
        }
        for name, array in changed.items():
            array[rows, finger] = getattr(there, name)[rows, finger]
        joints = np.where(own, there.joint_position, before.joint_position)
        after = replace(before, joint_position=joints, parent=rows, **changed)
        stays = before.active & (np.arange(before.active.shape[1]) != finger[:, None])
        balance = self.config.balance
        now = share_out(before.point, before.normal, before.active, balance).residual
        sets = np.stack([stays, after.active])
        staying, pressing = each_shared_out(after.point, after.normal, sets, balance)
        found = Proposed(after, finger, np.zeros(len(rows)), staying, pressing)
        held = holds(staying, stays, self.config, now) & (stays.sum(axis=1) >= SAFE)
        joins = ~before.active[rows, finger] & (stays.sum(axis=1) >= 2)
        touches = there.active[rows, finger]  # it does not in the end, where it only leaves
        chosen = touches & (held | joins)
        return self._plans(before, found.take(chosen), self.config.gait.give)[0]

    def strain(self, before: Candidates, ahead: np.ndarray) -> np.ndarray:
        """Return how strained each finger will be where the object goes next [N, F] [m]."""
        count, fingers = before.active.shape
        rows, finger = np.repeat(np.arange(count), fingers), np.tile(np.arange(fingers), count)
        point, normal = before.point[rows, finger], before.normal[rows, finger]
        cost = strain(
            self.problem, self.workspace, ahead[rows], finger, point, normal, self.config
        ).reshape(count, fingers)
        return np.where(before.active, cost, self.config.proposals.fresh)

    def _ways(self, before: Candidates, proposals: Proposed, each: int, give: float) -> Plans:
        """Look for ways of proposals, sorted by grasp and worth, until each grasp has `each`."""
        parent = proposals.after.parent
        left, need = np.arange(len(parent)), np.full(len(before), each)
        parts = [self._plans(before, proposals.take(left[:0]))[0]]
        reached = []
        while len(left):
            place = np.arange(len(left)) - np.searchsorted(parent[left], parent[left])
            now = place < 2 * need[parent[left]]
            tried, there = self._plans(before, proposals.take(left[now]), give)
            reached.append(there)
            rank = np.arange(len(tried)) - np.searchsorted(tried.after.parent, tried.after.parent)
            tried = tried.take(rank < need[tried.after.parent])
            need -= np.bincount(tried.after.parent, minlength=len(before))
            parts.append(tried)
            left = left[~now]
            left = left[need[parent[left]] > 0]
        plans = Plans.join(parts)
        self._note(REACHED, np.concatenate([*reached, parent[:0]]))
        self._note(FREE, plans.after.parent)
        return plans

    def told(self) -> dict[str, int]:
        """Return for how many grasps a regrasp was left after each stage, since the last call."""
        counts = {stage: self.funnel[stage] for stage in STAGES}
        self.funnel.clear()
        return counts

    def _note(self, stage: str, grasps: np.ndarray) -> None:
        self.funnel[stage] += len(np.unique(grasps))

    def _plans(
        self, before: Candidates, proposals: Proposed, give: float = 0.0
    ) -> tuple[Plans, np.ndarray]:
        """Return the plans of those proposals that a finger gets to without a collision, and the
        grasps of those that it gets to at all."""
        start = before.take(proposals.after.parent)
        assignment = self.grasps.assignment
        ways, found, rows = path.find(self.problem, start, proposals, self.config.path, assignment)
        start, there = start.take(rows), proposals.after.parent[rows]
        free = path.clear(self.checker, start, found, ways, give)
        start, found, ways = start.take(free), found.take(free), ways[free]
        forth, back = travel(self.problem, start, found, ways, self.config)
        after = replace(found.after, joint_position=ways[:, path.PRESSED])
        joins = ~start.active[np.arange(len(start)), found.finger]
        kind = kind_of(self.problem.hand, found.finger, joins)
        after = replace(after, joint_target=forth.target[:, -1])
        return Plans(start, after, forth, back, kind, found.finger), there


def towards(start: np.ndarray, goal: np.ndarray, position: float, rotation: float) -> np.ndarray:
    """Go from poses [N, 7] towards `goal` [N, 7] by at most `position` [m], `rotation` [rad]."""
    shift = goal[:, :3] - start[:, :3]
    turn = to_rotation_vector(multiply(goal[:, 3:], conjugate(start[:, 3:])))
    far, wide = (np.maximum(np.linalg.norm(v, axis=1), 1e-9)[:, None] for v in (shift, turn))
    turned = from_rotation_vector(turn * np.minimum(1.0, rotation / wide))
    moved = start[:, :3] + shift * np.minimum(1.0, position / far)
    return np.concatenate([moved, multiply(turned, start[:, 3:])], axis=1)

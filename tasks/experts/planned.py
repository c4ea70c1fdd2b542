"""An expert that plans: a step in the grasp or a regrasp, played, and planned anew from there.

    where is the object, what touches -> the next motion towards the goal -> its joint targets,
    step by step -> look again

It needs no training. What it knows of the object's shape and pose is privileged, as it is for the
paper's experts.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from configs.schema.planned import Planned
from configs.schema.regrasps import Servo
from envs.grasp_graph import THUMBS
from envs.simulation import Simulation
from models.motion import action_towards
from models.rotations import angle, random_quaternions
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import nearest_contacts
from tasks.regrasps.gait import Planner, Plans
from tasks.regrasps.motion import NO_FINGER, Aim, Motions
from tasks.regrasps.routing import Place, Route, Router
from tasks.regrasps.underway import Hands, Underway

REACHED = 0.6  # [share] of a step on the way, below which a finger is put back to its place first
MOST = 0.3  # [rad] of a step
STEPS = 0.5  # [share] of steps in the grasp, of a hand that wanders


def present(
    problem: Problem,
    joints: np.ndarray,
    target: np.ndarray,
    pose: np.ndarray,
    scale: np.ndarray,
    pressing: np.ndarray,
    gap: float,
) -> Candidates:
    """Describe where N hands are as grasps: joints and targets [N, n], object poses [N, 7] and
    scales [N]; fingers touch that press [N, F] or are within `gap` [m] of the surface."""
    point, normal, pad, distance = nearest_contacts(problem, joints, pose, scale)
    touching = pressing | (distance < problem.tip_radii + gap)
    count, fingers = touching.shape
    return Candidates(
        joint_position=joints,
        object_pose=pose,
        active=touching,
        point=point,
        normal=normal,
        pad=pad,
        force=np.zeros((count, fingers)),
        quality=np.zeros(count),
        joint_target=target,
        parent=np.arange(count),
    )


class PlannedExpert:
    """Acts in the hands of one simulation."""

    def __init__(
        self,
        planners: Sequence[Planner],
        routers: Sequence[Router],
        config: Planned,
        servo: Servo,
        env: Simulation,
        seed: int,
        slower: np.ndarray | float = 1.0,
    ) -> None:
        """`slower` is how many times as long motions last, in every hand or in each [N]."""
        self.servo, self.slower = servo, np.broadcast_to(slower, env.num_envs)
        self.planners, self.routers = planners, routers
        self.config, self.rng = config, np.random.default_rng(seed)
        self.visits: list[Counter[int]] = [Counter() for _ in range(env.num_envs)]
        self.expected = np.full(env.num_envs, -1)  # node that each hand should be in
        self.routes: list[tuple[tuple[float, ...], Route] | None] = [None] * env.num_envs
        self.env = env
        self.playing = Underway.none(env.num_envs, env.num_actions, env.layout.num_tips)
        self.lag = np.zeros((env.num_envs, env.num_actions))  # reading minus target, averaged

    def __call__(self, goal: np.ndarray) -> Tensor:
        """Return the action [N, n] towards object poses `goal` [N, 7]."""
        env, playing = self.env, self.playing
        target = env.joint_target.numpy().astype(float)
        gap = env.joint_observation.numpy() - target
        fresh = env.started.numpy()
        share = np.where(fresh, 1.0, self.config.smoothing)[:, None]
        self.lag += share * (gap - self.lag)
        if fresh.any():
            self._wait(np.flatnonzero(fresh), target, self.config.pause_steps)
        due = np.flatnonzero(self._done())
        if len(due):
            self._plan(due, target, goal)
        desired = np.zeros_like(target)
        for number, rows in self._by_object(np.arange(env.num_envs)):
            problem, joints = self.planners[number].problem, target[rows] + self.lag[rows]
            pose = env.physics.object_pose.numpy()[rows].astype(float)
            hands = Hands(joints, pose, env.physics.contact_force.numpy()[rows])
            desired[rows] = playing.targets(problem, self.servo, rows, hands)
        return action_towards(env.layout, env.joint_target, torch.from_numpy(desired).float())

    def _done(self) -> np.ndarray:
        """Say whose motion is over [N]: the object is where it should be, or has had its time."""
        config, playing = self.config, self.playing
        pose, aim = self.env.physics.object_pose.numpy().astype(float), playing.aim.pose
        away = np.linalg.norm(pose[:, :3] - aim[:, :3], axis=1)
        there = (away < config.arrived_m) & (angle(pose[:, 3:], aim[:, 3:]) < config.arrived_rad)
        least = np.where(there, config.pause_steps, config.patience_steps)
        return playing.over >= least

    def _by_object(self, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        index = self.env.object_index.numpy()[rows]
        for number in np.unique(index).tolist():
            yield number, rows[index == number]

    def _plan(self, rows: np.ndarray, target: np.ndarray, goal: np.ndarray) -> None:
        for number, mine in self._by_object(rows):
            planner, state = self.planners[number], self.state(number, mine, target)
            router = self.routers[number]
            parts = router.component(state).tolist()
            routes = [
                self._route(row, router, goal[row, 3:], part)
                for row, part in zip(mine.tolist(), parts, strict=True)
            ]
            plans = self.next(planner, router, routes, mine, state, goal[mine])
            at = plans.after.parent
            going = state.take(at)
            start = going.joint_target, going.object_pose
            motions = plans.forth.slowed(self.slower[mine[at]])
            self.playing.begin(mine[at], *start, motions, plans.aim)
            still = np.setdiff1d(np.arange(len(mine)), at)
            self._wait(mine[still], target, self.config.patience_steps)

    def _wait(self, rows: np.ndarray, target: np.ndarray, steps: int) -> None:
        """Let hands `rows` [M] hold their objects where they are for some control steps."""
        for number, mine in self._by_object(rows):
            hands = self.state(number, mine, target)
            aim = Aim.at(hands, np.full(len(mine), NO_FINGER))
            start = hands.joint_target, hands.object_pose
            self.playing.begin(mine, *start, Motions.none(hands.joint_target), aim)
        self.playing.clock[rows] = -steps

    def state(self, number: int, rows: np.ndarray, target: np.ndarray) -> Candidates:
        """Return where hands `rows` [M] are that hold object `number`; all targets [N, n]."""
        env, problem = self.env, self.planners[number].problem
        joints = np.clip(target[rows] + self.lag[rows], problem.lower, problem.upper)
        pose = env.physics.object_pose.numpy()[rows].astype(float)
        scale = env.object_scale.numpy()[rows].astype(float)
        pressing = env.physics.contact_force.numpy()[rows] > self.config.touch
        return present(problem, joints, target[rows], pose, scale, pressing, self.config.gap)

    def _route(self, row: int, router: Router, turn: np.ndarray, component: int) -> Route:
        """Return the ways to a hand's goal, found anew where it has another, or where it has left
        the part of the graph that they are in."""
        known = self.routes[row]
        if known is None or known[0] != (*turn.tolist(), component):
            known = (*turn.tolist(), component), router.route(turn, self.config.met, component)
            self.routes[row] = known
            self.visits[row].clear()
            self.expected[row] = -1
        return known[1]

    def next(
        self,
        planner: Planner,
        router: Router,
        routes: list[Route],
        hands: np.ndarray,
        state: Candidates,
        goal: np.ndarray,
    ) -> Plans:
        """Plan the next motion of the states that have one; `parent` is the state's row.

        Where a state is like a grasp of the graph, it is what leads on from there, planned anew
        from where the hand is. Elsewhere, or where that is out of reach, it is a step in the grasp,
        or else a regrasp.
        """
        visits = [self.visits[row] for row in hands.tolist()]
        far = angle(state.object_pose[:, 3:], goal[:, 3:]) > self.config.met
        place = router.match(state, routes, self.expected[hands], visits, self.config)
        for seen, node in zip(visits, place.node.tolist(), strict=True):
            seen[node] += 1
        self.expected[hands] = place.node
        parts = [self._along(planner, router, routes, hands, state, place)]
        off = np.setdiff1d(np.arange(len(hands)), parts[-1].after.parent)
        self.expected[hands[off]] = -1
        left = np.setdiff1d(np.flatnonzero(far), parts[-1].after.parent)
        parts.append(planner.in_grasp(state.take(left), goal[left]).of(left))
        left = np.setdiff1d(left, parts[-1].after.parent)
        parts.append(self._regrasp(planner, state.take(left), goal[left]).of(left))
        left = np.setdiff1d(left, parts[-1].after.parent)
        parts.append(self._wander(planner, state.take(left)).of(left))
        return Plans.join(parts)

    def _regrasp(self, planner: Planner, state: Candidates, goal: np.ndarray) -> Plans:
        give = planner.config.gait.give
        return planner.regrasps(state, goal, 1, self.rng, give=give)

    def _wander(self, planner: Planner, state: Candidates) -> Plans:
        """Plan a step or a regrasp towards anywhere: from another grasp there may be a way."""
        count = len(state)
        anywhere = np.concatenate(
            [state.object_pose[:, :3], random_quaternions(self.rng, count)], axis=1
        )
        step = planner.in_grasp(state, anywhere)
        step = step.take(self.rng.random(len(step)) < STEPS)
        left = np.setdiff1d(np.arange(count), step.after.parent)
        regrasp = self._regrasp(planner, state.take(left), anywhere[left]).of(left)
        return Plans.join([step, regrasp])

    def _along(
        self,
        planner: Planner,
        router: Router,
        routes: list[Route],
        hands: np.ndarray,
        state: Candidates,
        place: Place,
    ) -> Plans:
        """Plan what leads on over the graph from where hands are like its grasps.

        First fingers that have gone astray are put back to their places, but for the one that goes
        elsewhere next; then also those a little off, where the next motion cannot be made.
        """
        rows = np.flatnonzero(place.node >= 0)
        node, turn, slid = place.node[rows], place.turn[rows], place.slid[rows]
        there = router.like(node, turn)
        go = np.flatnonzero([routes[r].following[n] >= 0 for r, n in zip(rows, node, strict=True)])
        gait, poses = planner.config.gait, state.object_pose[rows]
        ways = [router.onward(node[i], turn[i], poses[i], routes[rows[i]], gait) for i in go]
        finger, last = (np.array([way[k] for way in ways], dtype=int) for k in (0, 1))
        after = router.like(last, np.array([way[2] for way in ways]).reshape(-1, 4))
        others = np.arange(slid.shape[1]) != finger[:, None]
        fine = np.flatnonzero((np.where(others, slid[go], 0.0) <= self.config.slid).all(axis=1))
        go, finger, last, after = go[fine], finger[fine], last[fine], after.take(fine)
        steps = np.flatnonzero(finger == NO_FINGER)
        ahead = after.object_pose[steps]
        step = planner.in_grasp(state.take(rows[go[steps]]), ahead, known=True).of(steps)
        step = step.take(
            gained(step, after.object_pose)
            | (slid[go].max(axis=1) <= self.config.slid / 2)[step.after.parent]
        )
        moves = np.flatnonzero(finger != NO_FINGER)
        move = planner.place(state.take(rows[go[moves]]), finger[moves], after.take(moves)).of(
            moves
        )
        on = Plans.join([step, move])
        self.expected[hands[rows[go[on.after.parent]]]] = last[on.after.parent]
        on = on.of(go)
        left = np.setdiff1d(np.arange(len(rows)), on.after.parent)
        return Plans.join(
            [on, self._mend(planner, state.take(rows[left]), slid[left], there.take(left)).of(left)]
        ).of(rows)

    def _mend(
        self, planner: Planner, state: Candidates, slid: np.ndarray, there: Candidates
    ) -> Plans:
        """Put the finger of each hand that is farthest from its place [N, F] [m] back to it, of
        those that can be; a thumb that presses stays."""
        thumb = np.array([finger.name == THUMBS for finger in planner.problem.hand.fingers])
        most = slid.max(axis=1, initial=0.0)[:, None]
        least = np.where(most > self.config.slid, self.config.slid, self.config.slid / 2.0)
        wrong = (slid > least) & ~(thumb & state.active)
        row, finger = np.nonzero(wrong)
        order = np.lexsort((-slid[row, finger], row))
        row, finger = row[order], finger[order]
        plans = planner.place(state.take(row), finger, there.take(row)).of(row)
        _, first = np.unique(plans.after.parent, return_index=True)
        return plans.take(first)


def gained(step: Plans, pose: np.ndarray) -> np.ndarray:
    """Say which steps [M] lead most of the way to the poses [N, 7] of their rows."""
    start, asked = step.before.object_pose[:, 3:], pose[step.after.parent, 3:]
    turned = angle(start, step.after.object_pose[:, 3:])
    return turned >= REACHED * np.minimum(angle(start, asked), MOST)

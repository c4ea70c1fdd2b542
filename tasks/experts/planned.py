"""An expert that plans: a step in the grasp or a regrasp, played, and planned anew from there.

    where is the object, what touches -> the next motion towards the goal -> its joint targets,
    step by step -> look again

It needs no training. What it knows of the object's shape and pose is privileged, as it is for the
paper's experts.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from configs.schema.planned import Planned
from configs.schema.regrasps import Servo
from envs.simulation import Simulation
from models.motion import action_towards
from models.rotations import angle
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import nearest_contacts
from tasks.regrasps.gait import NO_FINGER, Planner
from tasks.regrasps.motion import Aim, Motions
from tasks.regrasps.routing import Route, Router
from tasks.regrasps.underway import Hands, Underway


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
    ) -> None:
        self.servo = servo
        self.planners, self.routers = planners, routers
        self.config, self.rng = config, np.random.default_rng(seed)
        self.routes: list[tuple[np.ndarray, Route] | None] = [None] * env.num_envs
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
        due = fresh | self._done()
        if due.any():
            self._plan(np.flatnonzero(due), target, goal)
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
            routes = [
                self._route(row, self.routers[number], goal[row, 3:]) for row in mine.tolist()
            ]
            at, motions, aims = self.next(planner, self.routers[number], routes, state, goal[mine])
            going = state.take(at)
            self.playing.begin(mine[at], going.joint_target, going.object_pose, motions, aims)
            still = np.setdiff1d(np.arange(len(mine)), at)
            waiting = state.take(still)
            self.playing.begin(
                mine[still],
                waiting.joint_target,
                waiting.object_pose,
                Motions.none(waiting.joint_target),
                Aim.at(waiting, np.full(len(still), NO_FINGER)),
            )

    def state(self, number: int, rows: np.ndarray, target: np.ndarray) -> Candidates:
        """Return where hands `rows` [M] are that hold object `number`; all targets [N, n]."""
        env, problem = self.env, self.planners[number].problem
        joints = np.clip(target[rows] + self.lag[rows], problem.lower, problem.upper)
        pose = env.physics.object_pose.numpy()[rows].astype(float)
        scale = env.object_scale.numpy()[rows].astype(float)
        pressing = env.physics.contact_force.numpy()[rows] > self.config.touch
        return present(problem, joints, target[rows], pose, scale, pressing, self.config.gap)

    def _route(self, row: int, router: Router, turn: np.ndarray) -> Route:
        """Return the ways to a hand's goal, found anew where it has another."""
        known = self.routes[row]
        if known is None or not np.array_equal(known[0], turn):
            known = turn.copy(), router.route(turn, self.config.met)
            self.routes[row] = known
        return known[1]

    def next(
        self,
        planner: Planner,
        router: Router,
        routes: list[Route],
        state: Candidates,
        goal: np.ndarray,
    ) -> tuple[np.ndarray, Motions, Aim]:
        """Plan the next motion of each state: the graph's, where it is in one of its grasps and
        there is a way; else a step in the grasp, or else a regrasp.

        Returns:
            which states have one [M], the motions [M] and their aims [M].
        """
        node, turn = router.match(state, routes, self.config.near, self.config.slid)
        onward = np.array(
            [int(r.following[n]) if n >= 0 else -1 for r, n in zip(routes, node, strict=True)]
        )
        known, left = np.flatnonzero(onward >= 0), np.flatnonzero(onward < 0)
        step = planner.in_grasp(state.take(left), goal[left]).of(left)
        rest = np.setdiff1d(left, step.after.parent)
        regrasp = planner.regrasps(state.take(rest), goal[rest], 1, self.rng).of(rest)
        motions, aims = router.motions(node[known], onward[known], turn[known])
        motions = [motions, step.forth, regrasp.forth]
        aims = [aims, step.aim, regrasp.aim]
        rows = np.concatenate([known, step.after.parent, regrasp.after.parent])
        return rows, Motions.join(motions), Aim.join(aims)

"""An expert that plans: a step in the grasp or a regrasp, played, and planned anew from there.

    where is the object, what touches -> the next motion towards the goal -> its joint targets,
    step by step -> look again

It needs no training. What it knows of the object's shape and pose is privileged, as it is for the
paper's experts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from configs.schema.planned import Planned
from envs.simulation import Simulation
from models.motion import action_towards
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import nearest_contacts
from tasks.regrasps.gait import Planner
from tasks.regrasps.motion import LEGS, Motions
from tasks.regrasps.routing import Route, Router


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


@dataclass
class Underway:
    """The motion that each of N hands is in; changed in place."""

    start: np.ndarray  # [N, n] rad, targets when it began
    target: np.ndarray  # [N, W, n] rad
    steps: np.ndarray  # [N, W] control steps
    clock: np.ndarray  # [N] control steps since it began

    @staticmethod
    def none(count: int, joints: int) -> "Underway":
        return Underway(
            start=np.zeros((count, joints)),
            target=np.zeros((count, LEGS, joints)),
            steps=np.zeros((count, LEGS), dtype=int),
            clock=np.zeros(count, dtype=int),
        )

    def begin(self, rows: np.ndarray, start: np.ndarray, motions: Motions) -> None:
        """Start motions [M] in hands `rows` [M]."""
        self.start[rows], self.clock[rows] = start, 0
        self.target[rows], self.steps[rows] = motions.target, motions.steps

    def targets(self) -> np.ndarray:
        """Return where the joint targets should be after the next step [N, n]."""
        return Motions(self.target, self.steps).at(self.start, self.clock[:, None] + 1)

    @property
    def over(self) -> np.ndarray:
        """Return the control steps since each motion's end [N], negative before it."""
        return self.clock - self.steps.sum(axis=1)


class PlannedExpert:
    """Acts in the hands of one simulation."""

    def __init__(
        self,
        planners: Sequence[Planner],
        routers: Sequence[Router],
        config: Planned,
        env: Simulation,
        seed: int,
    ) -> None:
        self.planners, self.routers = planners, routers
        self.config, self.rng = config, np.random.default_rng(seed)
        self.routes: list[tuple[np.ndarray, Route] | None] = [None] * env.num_envs
        self.env = env
        self.playing = Underway.none(env.num_envs, env.num_actions)
        self.lag = np.zeros((env.num_envs, env.num_actions))  # reading minus target, averaged

    def __call__(self, goal: np.ndarray) -> Tensor:
        """Return the action [N, n] towards object poses `goal` [N, 7]."""
        env, playing = self.env, self.playing
        target = env.joint_target.numpy().astype(float)
        gap = env.joint_observation.numpy() - target
        fresh = env.started.numpy()
        share = np.where(fresh, 1.0, self.config.smoothing)[:, None]
        self.lag += share * (gap - self.lag)
        self._wait(np.flatnonzero(fresh), target[fresh])
        rows = np.flatnonzero(playing.over >= self.config.pause_steps)
        if len(rows):
            self._plan(rows, target, goal)
        desired = playing.targets()
        playing.clock += 1
        return action_towards(env.layout, env.joint_target, torch.from_numpy(desired).float())

    def _plan(self, rows: np.ndarray, target: np.ndarray, goal: np.ndarray) -> None:
        index = self.env.object_index.numpy()[rows]
        for number in np.unique(index).tolist():
            mine = rows[index == number]
            planner, state = self.planners[number], self.state(number, mine, target)
            routes = [
                self._route(row, self.routers[number], goal[row, 3:]) for row in mine.tolist()
            ]
            at, motions = self.next(planner, self.routers[number], routes, state, goal[mine])
            self.playing.begin(mine[at], target[mine[at]], motions)
            still = np.setdiff1d(np.arange(len(mine)), at)
            self._wait(mine[still], target[mine[still]])

    def _wait(self, rows: np.ndarray, target: np.ndarray) -> None:
        playing = self.playing
        playing.start[rows], playing.target[rows] = target, target[:, None]
        playing.steps[rows], playing.clock[rows] = 0, 0

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
    ) -> tuple[np.ndarray, Motions]:
        """Plan the next motion of each state: the graph's, where it is in one of its grasps and
        there is a way; else a step in the grasp, or else a regrasp.

        Returns:
            which states have one [M], and the motions [M].
        """
        node = router.match(state, routes, self.config.near)
        onward = np.array(
            [int(r.following[n]) if n >= 0 else -1 for r, n in zip(routes, node, strict=True)]
        )
        known, left = np.flatnonzero(onward >= 0), np.flatnonzero(onward < 0)
        step = planner.in_grasp(state.take(left), goal[left]).of(left)
        rest = np.setdiff1d(left, step.after.parent)
        regrasp = planner.regrasps(state.take(rest), goal[rest], 1, self.rng).of(rest)
        motions = [router.motions(node[known], onward[known]), step.forth, regrasp.forth]
        rows = np.concatenate([known, step.after.parent, regrasp.after.parent])
        return rows, Motions.join(motions)

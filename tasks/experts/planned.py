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
from envs.simulation import Simulation
from models.motion import action_towards
from models.rotations import angle
from tasks.experts.choosing import Asking, Chooser
from tasks.grasps.candidates import Candidates
from tasks.grasps.problem import Problem
from tasks.grasps.sampling import nearest_contacts
from tasks.regrasps.gait import Planner
from tasks.regrasps.motion import NO_FINGER, Aim, Motions
from tasks.regrasps.routing import Route, Router
from tasks.regrasps.underway import Hands, Underway

LITTLE = 0.5  # [share] of what was asked
AS_FAR = 0.04  # [m/rad] a centimetre is as far as a quarter radian


def off(pose: np.ndarray, aim: np.ndarray) -> np.ndarray:
    """Return how far poses [N, 7] are from others [rad]."""
    away = np.linalg.norm(pose[:, :3] - aim[:, :3], axis=1)
    return away / AS_FAR + angle(pose[:, 3:], aim[:, 3:])


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
        self.config = config
        self.choosers = [
            Chooser(planner, router, config, seed)
            for planner, router in zip(planners, routers, strict=True)
        ]
        self.visits: list[Counter[int]] = [Counter() for _ in range(env.num_envs)]
        self.stuck = np.zeros(env.num_envs, dtype=int)
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
            self.stuck[fresh] = 0
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
            state, router = self.state(number, mine, target), self.routers[number]
            routes = [self._route(row, router, goal[row, 3:]) for row in mine.tolist()]
            visits = [self.visits[row] for row in mine.tolist()]
            self._look(mine, state)
            asking = Asking(state, goal[mine], routes, visits, self.stuck[mine])
            plans = self.choosers[number].next(asking)
            at = plans.after.parent
            going = state.take(at)
            start = going.joint_target, going.object_pose
            motions = plans.forth.slowed(self.slower[mine[at]])
            self.playing.begin(mine[at], *start, motions, plans.aim)
            still = np.setdiff1d(np.arange(len(mine)), at)
            self._wait(mine[still], target, self.config.patience_steps)

    def _look(self, rows: np.ndarray, state: Candidates) -> None:
        """Note whose step in the grasp gained little: hands `rows` [M] are in `state` [M]."""
        playing = self.playing
        moving = playing.motions.length[rows] > 0
        step = (playing.aim.holding[rows] == playing.aim.active[rows]).all(axis=1)
        asked, left = (
            off(pose, playing.aim.pose[rows]) for pose in (playing.begun[rows], state.object_pose)
        )
        count = np.where(step & (left > LITTLE * asked), self.stuck[rows] + 1, 0)
        self.stuck[rows] = np.where(moving, count, self.stuck[rows])

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

    def _route(self, row: int, router: Router, turn: np.ndarray) -> Route:
        """Return the ways to a hand's goal, found anew where it has another."""
        known = self.routes[row]
        if known is None or known[0] != tuple(turn.tolist()):
            known = (
                tuple(turn.tolist()),
                router.route(turn, self.config.met, self.config.turn_steps),
            )
            self.routes[row] = known
            self.visits[row].clear()
        return known[1]

"""Motions played in physics under draws of Slots III: where each of them ends."""

from collections import deque
from dataclasses import dataclass

import numpy as np
import torch

from configs.schema.physics import Physics, Randomization
from configs.schema.regrasps import Playing, Servo
from envs.engines.engine import PhysicsParameters
from envs.engines.mujoco_engine import MujocoEngine
from models.motion import action_towards, apply_action
from models.rotations import angle, normalize
from tasks.grasps.candidates import Candidates
from tasks.grasps.draws import as_tensor, draw, gravity_direction
from tasks.grasps.problem import Problem
from tasks.regrasps.motion import Aim, Motions
from tasks.regrasps.underway import Hands, Underway


@dataclass(frozen=True)
class Played:
    """How M motions ended in D draws each."""

    sound: np.ndarray  # [M, D] bool, physics did not diverge
    joint_position: np.ndarray  # [M, D, n] rad
    joint_target: np.ndarray  # [M, D, n] rad
    object_pose: np.ndarray  # [M, D, 7]
    touching: np.ndarray  # [M, D, F] bool, tips with a contact

    def take(self, rows: np.ndarray) -> "Played":
        """Return those of a mask [M] or of indices."""
        return Played(*(array[rows] for array in vars(self).values()))

    def near(
        self, pose: np.ndarray, active: np.ndarray, config: Playing, times: float = 1.0
    ) -> np.ndarray:
        """Say which draws [M, D] ended with the object within `times` the tolerances of `pose`
        [M, 7] and all fingers of `active` [M, F] on it."""
        away = np.linalg.norm(self.object_pose[..., :3] - pose[:, None, :3], axis=-1)
        turned = angle(
            self.object_pose[..., 3:],
            np.broadcast_to(pose[:, None, 3:], self.object_pose[..., 3:].shape),
        )
        held = (self.touching | ~active[:, None]).all(axis=2)
        return (
            self.sound
            & held
            & (away < times * config.position)
            & (turned < times * config.rotation)
        )

    def mean(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the mean joints and targets [M, n] and pose [M, 7] over chosen draws [M, D]."""
        weight = np.where(chosen.any(axis=1, keepdims=True), chosen, True)[..., None]
        count = weight.sum(axis=1)
        joints = (self.joint_position * weight).sum(axis=1) / count
        targets = (self.joint_target * weight).sum(axis=1) / count
        place = (self.object_pose[..., :3] * weight).sum(axis=1) / count
        turns = self.object_pose[..., 3:]
        first = np.take_along_axis(turns, weight.argmax(axis=1)[:, None], axis=1)
        turns = turns * np.sign((turns * first).sum(axis=-1, keepdims=True) + 1e-12)
        turn = normalize((turns * weight).sum(axis=1))
        return joints, targets, np.concatenate([place, turn], axis=1)


class Player:
    """A fixed number of hands that play motions side by side, each at its own pace."""

    def __init__(
        self,
        problem: Problem,
        physics: Physics,
        randomization: Randomization,
        config: Playing,
        servo: Servo,
        threads: int | None,
    ) -> None:
        self.problem, self.randomization = problem, randomization
        self.config, self.servo = config, servo
        self.gravity = physics.gravity
        scales = np.linspace(*randomization.object_scale, config.scales)
        self.engine = MujocoEngine(
            problem.hand,
            physics,
            problem.layout.control_hz,
            [problem.model],
            np.zeros(config.slots, dtype=int),
            scales[np.arange(config.slots) % config.scales],
            threads=threads,
        )

    def play(
        self, before: Candidates, motions: Motions, aim: Aim, rng: np.random.Generator
    ) -> Played:
        """Play each motion from the targets of its grasp, in so many draws.

        Joints begin with Slots III's noise, gravity turns, the object is pushed. A motion that does
        not land in its first draw is not played again.
        """
        config, count = self.config, len(motions)
        table = Slots(self, before, motions, aim, rng)
        while table.busy:
            table.fill()
            table.step()
        shape = (config.draws, count)
        return Played(
            *(
                np.moveaxis(a.reshape(*shape, *a.shape[1:]), 0, 1)
                for a in vars(table.played).values()
            )
        )

    def close(self) -> None:
        self.engine.close()


class Slots:
    """Motions that wait for a slot or are in one; row d M + m is draw d of motion m."""

    def __init__(
        self,
        player: Player,
        before: Candidates,
        motions: Motions,
        aim: Aim,
        rng: np.random.Generator,
    ) -> None:
        config, self.player = player.config, player
        self.count, fingers = len(motions), before.active.shape[1]
        self.before, self.motions, self.aim = before, motions, aim
        total, n = self.count * config.draws, player.problem.layout.num_joints
        longest = int(motions.length.max(initial=0))
        self.steps = config.wait_steps + longest + config.hold_steps
        dt = 1.0 / player.problem.layout.control_hz
        self.draws = draw(player.randomization, 0.0, total, n, rng, self.steps, dt)
        self.played = Played(
            np.zeros(total, bool),
            np.zeros((total, n)),
            np.zeros((total, n)),
            np.zeros((total, 7)),
            np.zeros((total, fingers), bool),
        )
        self.waiting = deque(range(self.count))
        self.row = np.full(config.slots, -1)  # in each slot
        self.age = np.zeros(config.slots, dtype=int)  # control steps
        self.target = np.zeros((config.slots, n))
        self.underway = Underway.none(config.slots, n, fingers)

    @property
    def busy(self) -> bool:
        return bool(self.waiting) or bool((self.row >= 0).any())

    def fill(self) -> None:
        """Give free slots what waits."""
        slots = np.flatnonzero(self.row < 0)[: len(self.waiting)]
        if not len(slots):
            return
        rows = np.array([self.waiting.popleft() for _ in slots])
        which, drawn, problem = rows % self.count, self.draws, self.player.problem
        ids, before = torch.from_numpy(slots), self.before.take(which)
        parameters = (drawn.mass, drawn.friction, drawn.kp_factor, drawn.kd_factor)
        engine = self.player.engine
        engine.randomize(ids, PhysicsParameters(*(as_tensor(p[rows]) for p in parameters)))
        joints = np.clip(before.joint_position + drawn.noise[rows], problem.lower, problem.upper)
        engine.reset(ids, *map(as_tensor, (joints, before.joint_target, before.object_pose)))
        self.row[slots], self.age[slots] = rows, 0
        self.target[slots] = before.joint_target
        self.underway.begin(
            slots,
            before.joint_target,
            before.object_pose,
            self.motions.take(which),
            self.aim.take(which),
        )

    def step(self) -> None:
        """Advance every slot; free ones go on with what they did, unseen."""
        player, config, busy = self.player, self.player.config, np.flatnonzero(self.row >= 0)
        rows, state = self.row[busy], player.engine.state()
        joints = state.joint_position.numpy().astype(float)
        desired, moving = self.target.copy(), busy[self.age[busy] >= config.wait_steps]
        hands = Hands(
            joints[moving],
            state.object_pose.numpy()[moving].astype(float),
            state.contact_force.numpy()[moving],
        )
        desired[moving] = self.underway.targets(player.problem, player.servo, moving, hands)
        layout = player.problem.layout
        action = action_towards(layout, self.target, desired)
        self.target = apply_action(layout, self.target, joints, action)
        gravity, push = np.zeros((config.slots, 3)), np.zeros((config.slots, 3))
        share = (self.age[busy] + 1) / self.steps
        frame = self.draws.frame[rows]
        gravity[busy] = player.gravity * gravity_direction(frame, share, config.directions)
        push[busy] = self.draws.push[rows, self.age[busy]]
        player.engine.step(*map(as_tensor, (self.target, gravity, push)))
        self.age[busy] += 1
        self._finish(busy)

    def _finish(self, busy: np.ndarray) -> None:
        """Note how motions ended that are over or lost; play those again that landed."""
        state, config = self.player.engine.state(), self.player.config
        pose = state.object_pose.numpy()[busy].astype(float)
        aim = self.underway.aim.take(busy)
        away = np.linalg.norm(pose[:, :3] - aim.pose[:, :3], axis=1)
        lost = state.diverged.numpy()[busy] | (away > config.lost * config.position)
        over = self.underway.over[busy]
        there = (over >= config.pause_steps) & (away < config.arrived * config.position)
        there &= angle(pose[:, 3:], aim.pose[:, 3:]) < config.arrived * config.rotation
        touching = state.contact_force.numpy()[busy] > config.touch
        there &= (touching | ~aim.active).all(axis=1)
        ended = lost | there | (over >= config.hold_steps)
        slots, rows, sound = busy[ended], self.row[busy[ended]], ~lost[ended]
        played = self.played
        played.sound[rows] = sound
        played.joint_position[rows] = state.joint_position.numpy()[slots]
        played.joint_target[rows] = self.target[slots]
        played.object_pose[rows] = state.object_pose.numpy()[slots]
        played.touching[rows] = touching[ended]
        first = rows[rows < self.count]
        landed = played.take(first[:, None]).near(
            aim.pose[ended][rows < self.count], self.aim.active[first], config, config.slack
        )[:, 0]
        again = first[landed]
        self.waiting.extend(
            (again[:, None] + self.count * np.arange(1, config.draws)).ravel().tolist()
        )
        self.row[slots] = -1

"""A grasp counts only if it holds its object in physics while gravity turns.

Candidates share a fixed number of environments ("slots"). One that lets go is given up at once
and its slot goes to the next candidate, so that bad grasps cost little.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from configs.schema.grasps import GraspValidation
from configs.schema.physics import Physics, Randomization
from envs.engines.engine import Engine, PhysicsParameters, PhysicsState
from envs.engines.mujoco_engine import MujocoEngine
from models.rotations import angle
from tasks.grasps.candidates import Candidates
from tasks.grasps.draws import AXES, Draws, as_tensor, draw, gravity_direction
from tasks.grasps.problem import Problem


@dataclass(frozen=True)
class HoldOutcome:
    """What holding did to N candidates; a row means something only where `held`."""

    held: np.ndarray  # [N] bool
    joint_position: np.ndarray  # [N, n] rad, settled under the squeeze alone
    object_pose: np.ndarray  # [N, 7], settled likewise
    scale: np.ndarray  # [N] factor on the object's lengths at which it was held


@dataclass(eq=False)
class Hold:
    """Candidates that wait, are held or have been, and what has come of them so far."""

    candidates: Candidates
    draws: Draws
    outcome: HoldOutcome
    waiting: list[deque[int]]  # rows, by the scale that they are held at
    left: int  # rows without an outcome


class Slots:
    """What each environment is doing; changed in place."""

    def __init__(self, count: int, joints: int, push_steps: int) -> None:
        self.hold: list[Hold | None] = [None] * count
        self.row = np.full(count, -1)  # of the hold's candidates, -1: nothing to do
        self.age = np.zeros(count, dtype=int)  # control steps held; negative while it settles
        self.target = np.zeros((count, joints))
        self.start = np.zeros((count, 7))  # the pose that the object must stay near
        self.frame = np.zeros((count, AXES, AXES))
        self.noise = np.zeros((count, joints))
        self.push = np.zeros((count, push_steps, AXES), dtype=np.float32)


class Validator:
    """Holds candidates in physics, as many at a time as there are slots.

    A candidate first settles without gravity; what it settles to is the grasp. Then it is put there
    anew as an episode begins, with Table III's noise on its joints, and must stay while gravity
    turns. What comes of it depends on nothing but itself and its draws: not on
    its slot, nor on what is held beside it. So slots need not wait for a batch to end.
    """

    def __init__(
        self,
        problem: Problem,
        physics: Physics,
        randomization: Randomization,
        config: GraspValidation,
        threads: int | None,
    ) -> None:
        self.scales = np.linspace(*randomization.object_scale, config.scales)
        self.scale_of = np.arange(config.slots) % config.scales  # a slot's shape is compiled
        self.engine: Engine = MujocoEngine(
            problem.hand,
            physics,
            problem.layout.control_hz,
            [problem.model],
            np.zeros(config.slots, dtype=int),
            self.scales[self.scale_of],
            threads=threads,
        )
        self.gravity = physics.gravity
        self.lower, self.upper = problem.lower, problem.upper
        self.randomization = randomization
        self.config = config
        self.settle_steps = round(config.settle_s * problem.layout.control_hz)
        self.hold_steps = round(config.hold_s * problem.layout.control_hz)
        self.slot_steps = 0  # control steps of a slot with something to do, so far
        self.push_steps = self.hold_steps if config.pushes else 0
        self.control_dt = 1.0 / problem.layout.control_hz
        self.slots = Slots(config.slots, problem.layout.num_joints, self.push_steps)
        self.queue: deque[Hold] = deque()

    def submit(self, candidates: Candidates, rng: np.random.Generator) -> Hold:
        """Queue candidates, each with parameters, a scale and directions of gravity of its own."""
        count = len(candidates)
        scale = rng.permutation(count) % len(self.scales)
        hold = Hold(
            candidates=candidates,
            draws=draw(
                self.randomization,
                self.config.severity,
                count,
                candidates.joint_position.shape[1],
                rng,
                self.push_steps,
                self.control_dt,
            ),
            outcome=HoldOutcome(
                held=np.zeros(count, dtype=bool),
                joint_position=candidates.joint_position.copy(),
                object_pose=candidates.object_pose.copy(),
                scale=self.scales[scale],
            ),
            waiting=[deque(np.flatnonzero(scale == i).tolist()) for i in range(len(self.scales))],
            left=count,
        )
        self.queue.append(hold)
        return hold

    def finish(self, hold: Hold, meanwhile: Callable[[], None] = lambda: None) -> HoldOutcome:
        """Go on until all of a submitted hold's candidates have held or let go.

        The object must stay within the tolerances of the pose it settled to, and settle within
        the settling tolerances of its start; this is looked at after every control step. Slots
        that become free take what was submitted later, perhaps by `meanwhile`, which is called
        after every control step.
        """
        while hold.left:
            self._fill()
            self._step()
            self._judge()
            meanwhile()
        self.queue.remove(hold)
        return hold.outcome

    def drop(self, hold: Hold) -> None:
        """Give a submitted hold up."""
        self.queue.remove(hold)
        for slot in [i for i, other in enumerate(self.slots.hold) if other is hold]:
            self.slots.hold[slot], self.slots.row[slot] = None, -1

    def hold(self, candidates: Candidates, rng: np.random.Generator) -> HoldOutcome:
        """Hold every candidate, and nothing else."""
        return self.finish(self.submit(candidates, rng))

    def _fill(self) -> None:
        """Give free slots the candidates that have waited longest, of the slot's scale."""
        for hold in self.queue:
            slots, rows = [], []
            for slot in np.flatnonzero(self.slots.row < 0).tolist():
                waiting = hold.waiting[self.scale_of[slot]]
                if waiting:
                    slots.append(slot)
                    rows.append(waiting.popleft())
                    self.slots.hold[slot] = hold
            self._start(np.array(slots, dtype=int), np.array(rows, dtype=int), hold)

    def _start(self, chosen: np.ndarray, rows: np.ndarray, hold: Hold) -> None:
        if not len(chosen):
            return
        slots, candidates, draws = self.slots, hold.candidates, hold.draws
        slots.row[chosen], slots.age[chosen] = rows, -self.settle_steps
        slots.target[chosen] = candidates.joint_target[rows]
        slots.start[chosen] = candidates.object_pose[rows]
        slots.frame[chosen], slots.push[chosen] = draws.frame[rows], draws.push[rows]
        slots.noise[chosen] = draws.noise[rows]
        ids = torch.from_numpy(chosen)
        parameters = PhysicsParameters(
            object_mass=as_tensor(draws.mass[rows]),
            friction=as_tensor(draws.friction[rows]),
            kp_factor=as_tensor(draws.kp_factor[rows]),
            kd_factor=as_tensor(draws.kd_factor[rows]),
        )
        self.engine.randomize(ids, parameters)
        self.engine.reset(
            ids,
            as_tensor(candidates.joint_position[rows]),
            as_tensor(candidates.joint_target[rows]),
            as_tensor(candidates.object_pose[rows]),
        )

    def _step(self) -> None:
        """Advance every slot; free ones go on with what they did, unseen."""
        slots = self.slots
        share = (slots.age + 1) / self.hold_steps
        direction = gravity_direction(slots.frame, share, self.config.directions)
        gravity = as_tensor(self.gravity * direction * (slots.age >= 0)[:, None])
        self.engine.step(as_tensor(slots.target), gravity, self._pushes(gravity))
        slots.age += 1
        self.slot_steps += int((slots.row >= 0).sum())

    def _pushes(self, like: torch.Tensor) -> torch.Tensor:
        """Return the push on each slot's object in this step [S, 3] [N]; none while it settles."""
        slots = self.slots
        if not self.push_steps:
            return torch.zeros_like(like)
        step = np.clip(slots.age, 0, self.push_steps - 1)
        push = slots.push[np.arange(len(step)), step]
        return as_tensor(push * (slots.age >= 0)[:, None])

    def _judge(self) -> None:
        """Free the slots of those that let go and of those that have held long enough."""
        slots, config = self.slots, self.config
        busy = np.flatnonzero(slots.row >= 0)
        age, state = slots.age[busy], self.engine.state()
        pose = state.object_pose.numpy()[busy].astype(float)
        moved = np.linalg.norm(pose[:, :3] - slots.start[busy, :3], axis=1)
        turned = angle(pose[:, 3:], slots.start[busy, 3:])
        settling = age <= 0
        inside = moved <= np.where(settling, config.settle_position, config.position_tolerance)
        inside &= turned <= np.where(settling, config.settle_rotation, config.rotation_tolerance)
        inside &= ~state.diverged.numpy()[busy]  # NaN compares false above: lost
        settled = inside & (age == 0)
        slots.start[busy[settled]] = pose[settled]
        joints = state.joint_position.numpy()[busy].astype(float)
        self._begin(busy[settled], joints[settled], state)
        done = inside & (age >= self.hold_steps)
        for place in np.flatnonzero(settled | done | ~inside).tolist():
            slot = int(busy[place])
            hold, row = slots.hold[slot], slots.row[slot]
            assert hold is not None
            if settled[place]:
                hold.outcome.object_pose[row] = pose[place]
                hold.outcome.joint_position[row] = joints[place]
            if done[place] or not inside[place]:
                hold.outcome.held[row] = done[place]
                hold.left -= 1
                slots.hold[slot], slots.row[slot] = None, -1

    def _begin(self, chosen: np.ndarray, joints: np.ndarray, state: PhysicsState) -> None:
        """Put what has settled in some slots [M] at rest again, noise on its joints [M, n]."""
        if not len(chosen):
            return
        slots, ids = self.slots, torch.from_numpy(chosen)
        noisy = np.clip(joints + slots.noise[chosen], self.lower, self.upper)
        target = as_tensor(slots.target[chosen])
        self.engine.reset(ids, as_tensor(noisy), target, state.object_pose[ids])

    def close(self) -> None:
        self.engine.close()

"""The twin's trials: how long the object stays in the hand, with and without the controller."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np

from configs.layout import Layout
from configs.schema.robot import RobotConfig
from envs.grasp_set import GraspSet
from envs.shapes.objects import load_object
from models.bundle import PIECES, SCENARIO, Bundle
from models.kinematics import Kinematics
from robot.answers import AssistedAnswerer, UnassistedAnswerer
from robot.hands.twin import Twin
from robot.inputs.scripted import NoisyScript
from robot.interfaces import Answerer
from robot.loop import AsFastAsPossible, Clock, ControlLoop, Record

# Named random streams of a trial, so that both variants face the same world and operator.
WORLD, OPERATOR, SAMPLER, START = range(4)


@dataclass
class Holds:
    """Hold time over several trials, each censored at its time limit."""

    seconds: list[float] = field(default_factory=list)  # [s] until the drop or the limit
    drops: int = 0
    reached: int = 0  # goals
    record: Record = field(default_factory=Record)

    @property
    def total_s(self) -> float:
        return sum(self.seconds)

    @property
    def hold_s(self) -> float | None:
        """Mean time to a drop [s], the censored exponential estimate; None without a drop."""
        return self.total_s / self.drops if self.drops else None

    @property
    def goals_per_minute(self) -> float:
        return 60.0 * self.reached / self.total_s if self.total_s else 0.0


class TwinStage(AbstractContextManager["TwinStage"]):
    """One twin with its operator, on which trials are run one after the other.

    Leaving it, however that comes about, closes the hand, which holds its last targets.
    """

    def __init__(self, config: RobotConfig, bundle: Bundle) -> None:
        """Build the bundle's scenario.

        Raises:
            UserError: the scenario cannot be simulated or read, or a file changed since the
                bundle was opened.
        """
        robot, scenario = config.robot, bundle.manifest.scenario
        self.layout: Layout = bundle.layout
        self.config, self.bundle = config, bundle
        self.kinematics = Kinematics(config.hand)
        holder = str(bundle.folder / SCENARIO)
        self.grasps = GraspSet.loads(bundle.read(SCENARIO), holder, self.layout)
        item = load_object(scenario, bundle.read(PIECES), str(bundle.folder / PIECES))
        self.twin = Twin(config.hand, self.layout, config.physics, robot.world, item)
        self.operator = NoisyScript(
            self.layout, self.kinematics, self.grasps, robot.operator, self.twin.object_pose
        )
        rng = self._rng(0, SAMPLER)
        self.controller = AssistedAnswerer(bundle, self.kinematics, robot.assistance, rng)

    def answer(self, assisted: bool, trial: int) -> Answerer:
        """Return the controller, its sampler seeded for this trial, or the command itself."""
        if not assisted:
            return UnassistedAnswerer(self.layout)
        self.controller.seed(self._rng(trial, SAMPLER))
        return self.controller

    def __exit__(self, *reason: object) -> None:
        self.twin.close()

    def start(self, trial: int, answer: Answerer, clock: Clock) -> ControlLoop:
        """Reset hand, object and operator for a trial; return a loop ready to tick.

        Raises:
            UserError: the grasp's targets are outside the joint limits.
        """
        grasp = int(self._rng(trial, START).integers(len(self.grasps)))
        grasps, world = self.grasps, self._rng(trial, WORLD)
        target = grasps.joint_target[grasp]
        safety = self.config.robot.safety
        parts = (self.twin, self.operator, answer, self.layout, self.kinematics)
        loop = ControlLoop(*parts, safety, clock, target)  # what it refuses never gets to the hand
        self.twin.reset(grasps.joint_position[grasp], target, grasps.object_pose[grasp], world)
        self.operator.reset(grasp, self._rng(trial, OPERATOR))
        return loop

    def lost(self) -> bool:
        return self.twin.dropped(self.operator.goals.pose)

    def _rng(self, trial: int, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, trial, stream])


def hold_trials(stage: TwinStage, assisted: bool) -> Holds:
    """Run the configured trials as fast as possible; equal seeds give equal holds."""
    settings, holds = stage.config.robot.trials, Holds()
    limit = round(settings.seconds * stage.layout.control_hz)
    for trial in range(settings.count):
        loop = stage.start(trial, stage.answer(assisted, trial), AsFastAsPossible())
        lost = False
        while not lost and loop.record.ticks < limit:
            loop.tick()
            lost = stage.lost()
        holds.seconds.append(loop.record.ticks / stage.layout.control_hz)
        holds.drops += lost
        holds.reached += stage.operator.goals.reached
        holds.record.latency_s += loop.record.latency_s
        holds.record.interventions.update(loop.record.interventions)
    return holds


def film_trial(stage: TwinStage, assisted: bool, seconds: float) -> np.ndarray:
    """Return the states [frames, nq] of the first trial, one a control step, drops included."""
    loop = stage.start(0, stage.answer(assisted, 0), AsFastAsPossible())
    states = np.empty((round(seconds * stage.layout.control_hz), stage.twin.model.nq))
    for state in states:
        state[:] = stage.twin.data.qpos
        loop.tick()
    return states

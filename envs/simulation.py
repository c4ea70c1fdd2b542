"""N hands that each hold an object: where episodes begin, what disturbs them, what is read.

Objects and grasps are mixed across the environments of one batch. The physical parameters are
drawn at each reset; the object's scale is compiled into an environment's model and therefore
drawn once, when the environment is made.
"""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from configs.schema.world import World
from envs import snapshot
from envs.engines.engine import Engine, PhysicsParameters, PhysicsState
from envs.engines.mujoco_engine import MujocoEngine
from envs.goals.choice import make_goals
from envs.goals.goals import Moment, Setting
from envs.goals.table import GraspTable
from envs.grasp_set import GraspSet
from envs.randomize import (
    PARAMETER_DRAWS,
    WRIST_DRAWS,
    ObservationNoise,
    RandomForce,
    WristMotion,
    between,
    draw_parameters,
    nominal,
)
from envs.shapes.objects import ObjectModel
from envs.streams import Streams
from models.kinematics import Kinematics
from models.motion import apply_action
from models.state import join_step, push, start

# What a random number is for: each purpose has its own sequence in a stream.
SCALE, RESET, BIAS, READING, STEP, PUSH, GOAL = range(7)
TOUCH = 0.05  # [N] a finger that presses more strongly touches, as evaluate.contact_n
PARAMETERS = tuple(field.name for field in dataclasses.fields(PhysicsParameters))


class Simulation:
    """N environments; n joints, F fingers, H steps of history.

    Attributes (tensors of N environments; read them, do not write):
        joint_target [N, n] present target [rad]; joint_observation [N, n] the noisy reading;
        physics: PhysicsState; keypoints [N, K, 3] true, hand frame [m]; gravity [N, 3] [m/s^2];
        applied_action [N, n] what the last step executed; goals: Goals, of the task's skill;
        started [N] bool, the present frame is its episode's first; parameters: PhysicsParameters
        [N]; episode_length_buf [N] int64, control steps since the episode's start; object_index
        [N] which object it holds; object_scale [N] factor on that object's lengths.
    """

    physics: PhysicsState
    episode_length_buf: Tensor

    def __init__(
        self,
        world: World,
        objects: Sequence[ObjectModel],
        grasps: Sequence[GraspSet],
        *,
        num_envs: int,
        seed: int,
        style: str,
        threads: int | None = None,
        randomize: bool = True,
        object_index: Tensor | None = None,
        streams: Tensor | None = None,
    ) -> None:
        """Build the environments and start an episode in each.

        Args:
            grasps: one set for each of `objects`, in their order.
            randomize: False leaves every value nominal, without noise or pushes, and gravity
                pointing into the palm (-x).
            object_index: [N] which object each environment has; default: in turn.
            streams: [N] numbers of random streams; environments with equal numbers see equal
                disturbances at equal times (paired comparisons); default: all different.
        """
        self.cfg = world
        self.layout = world.embodiment.make_layout()
        self.kinematics = Kinematics(world.embodiment.hand)
        self.randomized = randomize
        self.ranges = (
            world.randomization if randomize else nominal(world.randomization, world.physics)
        )
        self.task = world.task
        self.style_index = list(world.task.styles).index(style)
        self.style = world.task.styles[style]
        self.num_envs, self.num_actions = num_envs, self.layout.num_joints
        self.dt = 1.0 / self.layout.control_hz
        self.max_episode_length = round(world.task.episode_s * self.layout.control_hz)
        everyone = torch.arange(num_envs)
        self.stream_numbers = everyone if streams is None else streams
        self.object_index = everyone % len(objects) if object_index is None else object_index
        self.table = GraspTable.join(grasps, [model.name for model in objects])
        scale = Streams(seed, self.stream_numbers).uniform(SCALE, 0, 1)[:, 0]
        self.object_scale = between(self.ranges.object_scale, scale)
        which = torch.nn.functional.one_hot(self.object_index, len(objects))
        self.object_shape = torch.cat((self.object_scale[:, None], which), dim=1)
        self.engine = self._make_engine(objects, threads)
        self.device = torch.device("cpu")
        self.goals = make_goals(self._setting(objects))
        self._allocate()
        self.reset_all(seed)

    def _setting(self, objects: Sequence[ObjectModel]) -> Setting:
        return Setting(
            world=self.cfg,
            layout=self.layout,
            kinematics=self.kinematics,
            table=self.table,
            objects=objects,
            object_index=self.object_index,
            object_scale=self.object_scale,
        )

    def _make_engine(self, objects: Sequence[ObjectModel], threads: int | None) -> Engine:
        return MujocoEngine(
            self.cfg.embodiment.hand,
            self.cfg.physics,
            self.layout.control_hz,
            list(objects),
            self.object_index.numpy(),
            self.object_scale.numpy(),
            threads,
        )

    def _allocate(self) -> None:
        count, n = self.num_envs, self.num_actions
        self.everyone = torch.arange(count)
        layout = self.layout
        self.limits = torch.tensor(layout.joint_lower), torch.tensor(layout.joint_upper)
        self.force = RandomForce(self.ranges.random_force, self.dt, count)
        self.readings = ObservationNoise(self.ranges, count, n)
        self.wrist = WristMotion(self.ranges, self.cfg.physics.gravity, self.dt, count)
        self.parameters = PhysicsParameters(**{name: torch.zeros(count) for name in PARAMETERS})
        self.joint_target = torch.zeros(count, n)
        self.joint_observation = torch.zeros(count, n)
        self.applied_action = torch.zeros(count, n)
        self.keypoints = torch.zeros(count, self.layout.num_keypoints, 3)
        self.observed_tips = torch.zeros(count, self.layout.num_tips, 3)
        self.tip_rows = torch.tensor(layout.tip_indices)
        self.stacked = torch.zeros(count, self.layout.history, self.layout.step_size)
        self.episode = torch.zeros(count, dtype=torch.int64)  # episodes begun in this stream
        self.episode_length_buf = torch.zeros(count, dtype=torch.int64)

    # -- episodes ---------------------------------------------------------------------------

    def reset_all(self, seed: int) -> None:
        """Start afresh in every environment, on the random streams of `seed`.

        Shapes stay as they were made; everything else follows from the seed.
        """
        self.streams = Streams(seed, self.stream_numbers)
        self.clock = 0
        self.episode = torch.zeros_like(self.episode)
        self.applied_action = torch.zeros_like(self.applied_action)
        self._reset(self.everyone)
        white = self.streams.normal(READING, 0, self.num_actions)
        self.physics = self.engine.state()
        self._read(self.everyone, white)
        self._observe(self.everyone)

    def _reset(self, ids: Tensor) -> None:
        """Start the next episode of the environments `ids` [M]; readings come afterwards."""
        n, episode = self.num_actions, self.episode[ids]
        self.episode[ids] += 1
        sizes = [PARAMETER_DRAWS, WRIST_DRAWS, 1, 1, n, self.goals.draws - 1]
        uniform = self.streams.uniform(RESET, episode, sum(sizes), ids)
        physical, wrist, choice, goal, joints, more = uniform.split(sizes, dim=1)
        drawn = draw_parameters(self.ranges, physical)
        for name in PARAMETERS:
            getattr(self.parameters, name)[ids] = getattr(drawn, name)
        self.engine.randomize(ids, drawn)
        rows = self.goals.draw_start(self.object_index[ids], choice[:, 0])
        pose = self.goals.start(ids, rows, torch.cat((goal, more), dim=1))
        noise = between(self.ranges.initial_joint_noise, joints)
        position = torch.clamp(self.table.joint_position[rows] + noise, *self.limits)
        self.joint_target[ids] = self.table.joint_target[rows]
        self.engine.reset(ids, position, self.table.joint_target[rows], pose)
        # 0.5 is the draw whose direction is -x (envs/randomize.py: on_sphere)
        self.wrist.reset(ids, wrist if self.randomized else torch.full_like(wrist, 0.5))
        self.force.reset(ids)
        self.readings.reset(ids, self.streams.normal(BIAS, episode, n, ids))
        self.episode_length_buf[ids] = 0

    def _read(self, ids: Tensor, white: Tensor) -> None:
        """Read the joints of environments `ids` [M], and where they put the keypoints.

        `white` [N, n] is standard normal noise. True and observed keypoints go through forward
        kinematics together: a call costs about the same whatever its size.
        """
        position = self.physics.joint_position[ids]
        observed = self.readings.observe(ids, position, white[ids])
        true, seen = self.kinematics.keypoints(torch.stack((position, observed)))
        self.keypoints[ids], self.joint_observation[ids] = true, observed
        self.observed_tips[ids] = seen[:, self.tip_rows]

    def _observe(self, begun: Tensor) -> None:
        """Push what was read into the histories; environments `begun` [M] get a new one."""
        self.goals.follow(self._moment(self.everyone))
        self.gravity = self.wrist.gravity()
        step = join_step(self.observed_tips, self.joint_observation, self.joint_target)
        self.stacked = push(self.stacked, step)
        self.stacked[begun] = start(step[begun], self.layout.history)
        self.started = torch.zeros(self.num_envs, dtype=torch.bool)
        self.started[begun] = True

    def _moment(self, ids: Tensor) -> Moment:
        physics = self.physics
        return Moment(physics.object_pose[ids], physics.joint_position[ids], self.joint_target[ids])

    def _act(self, actions: Tensor, action_noise: Tensor, push_noise: Tensor) -> None:
        noisy = actions.clamp(-1.0, 1.0) + self.ranges.action_noise * action_noise
        self.applied_action = noisy.clamp(-1.0, 1.0)
        self.joint_target = apply_action(
            self.layout, self.joint_target, self.joint_observation, self.applied_action
        )
        uniform = self.streams.uniform(PUSH, self.clock, 1)[:, 0]
        force = self.force.step(self.parameters.object_mass, uniform, push_noise)
        weight = self.goals.weight  # 0 where the hand is empty
        self.engine.step(self.joint_target, weight * self.gravity, weight * force)
        self.wrist.step()

    # -- for callers ------------------------------------------------------------------------

    @property
    def touching(self) -> Tensor:
        """Say which fingers touch the object [N, F]."""
        return self.physics.contact_force > TOUCH

    def history(self) -> Tensor:
        """Return the observed history [N, H, S], oldest first."""
        return self.stacked.clone()

    @property
    def seconds(self) -> Tensor:
        """Time since the episode's start [N] [s]."""
        return self.episode_length_buf * self.dt

    frame = snapshot.frame
    state_dict = snapshot.state_dict
    load_state_dict = snapshot.load_state_dict

    def close(self) -> None:
        """Stop the engine's threads."""
        self.engine.close()

"""A task as a vectorised environment, in the contract of rsl_rl's VecEnv.

One control step of N environments, in this order:

    action -> + action noise -> joint target -> physics (gravity, random force) -> state
           -> goal reached?, dropped?, reward -> next goals, resets -> noisy reading -> history
"""

from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor

from configs.schema.script import Script
from envs.observations import GoalError, actor_observation, critic_observation
from envs.rewards import Transition, reward_terms
from envs.simulation import GOAL, STEP, Simulation
from models.script import Seen, scripted_action


class ManipulationEnv(Simulation):
    """A task over a simulation, with one style's reward; its skill says what is asked for.

    A drop ends an episode: the object's centre is farther than task.drop_distance from its
    goal's, or the physics diverged. After task.episode_s an episode is cut off (`time_outs`).
    """

    def step(self, actions: Tensor) -> tuple[TensorDict, Tensor, Tensor, dict[str, Any]]:
        """Make one control step with raw actions [N, n], clipped to [-1, 1].

        Returns:
            observations after the step (of the next episode where one ended), reward [N], done
            [N] bool, and extras: time_outs, dropped, diverged, reached (the goal, as its skill
            judges it), matched (its joints, too), each [N] bool, and log: the parts of the reward,
            and the outcome, 0 or 1, of each goal that is over, by its kind.
        """
        n = self.num_actions
        normal = self.streams.normal(STEP, self.clock, 2 * n + 3)
        action_noise, push_noise, white = normal.split([n, 3, n], dim=1)
        self._act(actions, action_noise, push_noise)
        tips_before = self.keypoints[:, self.tip_rows]  # a copy
        self.physics = self.engine.state()
        diverged = self.physics.diverged  # a reset clears it
        self._read(self.everyone, white)
        transition = self._judge(tips_before)
        terms = self._rewards(transition)
        matched = transition.reached & self.goals.matched
        outcomes = self.goals.outcomes(transition.dropped)
        self.clock += 1
        self.episode_length_buf += 1
        dropped = transition.dropped
        time_outs = (self.episode_length_buf >= self.max_episode_length) & ~dropped
        done = dropped | time_outs
        self._renew_goals(done)
        ended = done.nonzero()[:, 0]
        if len(ended) > 0:
            self._reset(ended)
            self.physics = self.engine.state()
            self._read(ended, white)
        self._observe(ended)
        extras = {
            "time_outs": time_outs,
            "dropped": dropped,
            "reached": transition.reached,
            "matched": matched,
            "diverged": diverged,
            "log": {f"/reward/{name}": value for name, value in terms.items()}
            | {f"/goals/{name}": value for name, value in outcomes.items()},
        }
        return self.get_observations(), torch.stack(list(terms.values())).sum(dim=0), done, extras

    def _judge(self, tips_before: Tensor) -> Transition:
        """Return what the step just made is to be judged by."""
        physics, goals = self.physics, self.goals
        tips = self.keypoints[:, self.tip_rows]
        offset, turn = goals.way(physics.object_pose)
        distance = torch.linalg.vector_norm(offset, dim=-1)
        angle = torch.linalg.vector_norm(turn, dim=-1)
        joint_error = goals.joints - physics.joint_position
        dropped = physics.diverged | (distance > self.task.drop_distance + goals.slack)
        reached = goals.judge(*goals.met(distance, angle, joint_error))
        return Transition(
            offset=offset,
            angle=angle,
            joint_error=joint_error,
            tracking_error=goals.tracking_error(joint_error),
            reached=reached & ~dropped,
            dropped=dropped,
            tip_velocity=(tips - tips_before) / self.dt,
            joint_velocity=physics.joint_velocity,
            torque=physics.joint_torque,
            action=self.applied_action,
        )

    def _rewards(self, transition: Transition) -> dict[str, Tensor]:
        """Return the parts of the reward [N]; where physics diverged, the drop's alone."""
        terms = reward_terms(self.task.rewards, self.style, transition)
        sound = ~self.physics.diverged
        return {
            name: value if name == "drop" else torch.where(sound, value, 0.0)
            for name, value in terms.items()
        }

    def _renew_goals(self, done: Tensor) -> None:
        """Choose the next goal where one is over and the episode goes on."""
        ids = ((self.goals.arrived | self.goals.expired) & ~done).nonzero()[:, 0]
        if len(ids) > 0:
            uniform = self.streams.uniform(GOAL, self.clock, self.goals.draws, ids)
            self.goals.advance(ids, self._moment(ids), uniform)

    def get_observations(self) -> TensorDict:
        """Return the groups `actor` [N, A] and `critic` [N, C] (envs/observations.py)."""
        offset, turn = self.goals.way(self.physics.object_pose)
        way = GoalError(
            offset=offset,
            rotation=turn,
            joint_position=self.goals.joints - self.joint_observation,
            joint_target=self.goals.joint_target - self.joint_target,
        )
        actor = actor_observation(self.stacked, way)
        left = torch.stack(
            (
                1.0 - self.goals.age / self.goals.limit,
                1.0 - self.episode_length_buf / self.max_episode_length,
                1.0 - self.goals.dwelt,
            ),
            dim=-1,
        )
        critic = critic_observation(
            actor,
            self.physics,
            self.parameters,
            self.gravity,
            self.force.force,
            left,
            self.readings.bias,
            self.object_shape,
        )
        return TensorDict({"actor": actor, "critic": critic}, batch_size=[self.num_envs])

    def scripted_action(self, script: Script) -> Tensor:
        """Return the scripted expert's action [N, n] (models/script.py)."""
        pose = self.physics.object_pose
        seen = Seen(
            self.physics.joint_position,
            self.joint_target,
            self.goal_joint_target,
            self.touching,
            pose,
            *self.goals.way(pose),
        )
        return scripted_action(self.kinematics, self.layout, script, seen)

    @property
    def goal_joint_target(self) -> Tensor:
        """The joint targets that the goal asks for [N, n] [rad]."""
        return self.goals.joint_target

"""PPO: what rsl_rl is given, against a GAE worked by hand, and exact continuation."""

import dataclasses
from pathlib import Path

import pytest
import torch
from tensordict import TensorDict

from configs.errors import UserError
from configs.load import ConfigError, load
from configs.schema.experts import Experts
from configs.schema.pipeline import Config
from configs.schema.script import Script
from envs.manipulation import ManipulationEnv
from tasks.experts.policy import compose
from tasks.experts.ppo import collect, make_algorithm, train
from tests.small_world import small_world
from tests.tasks.experts.expert_workshop import TINY

VALUE = 2.0


class Recital:
    """Three environments that play a part written beforehand: (reward, done, time-out) a step."""

    num_envs, num_actions, dt = 3, 2, 0.05
    rewards = ((10.0, 10.0, 10.0), (0.0, 0.0, 0.0), (30.0, 30.0, 30.0))
    dones = ((False, False, False), (False, True, True), (False, False, False))
    time_outs = ((False, False, False), (False, False, True), (False, False, False))

    def __init__(self) -> None:
        self.time = 0
        self.actions: list[torch.Tensor] = []

    def get_observations(self) -> TensorDict:
        groups = {"actor": torch.zeros(3, 4), "critic": torch.zeros(3, 5)}
        return TensorDict(groups, batch_size=[3])

    def scripted_action(self, script: Script) -> torch.Tensor:
        return torch.full((3, 2), 0.25 * script.rate)

    def step(self, actions: torch.Tensor):
        self.actions.append(actions)
        t, self.time = self.time, self.time + 1
        extras = {
            "time_outs": torch.tensor(self.time_outs[t]),
            "reached": torch.tensor([t == 0, False, False]),
            "dropped": torch.tensor(self.dones[t]) & ~torch.tensor(self.time_outs[t]),
        }
        return (
            self.get_observations(),
            torch.tensor(self.rewards[t]),
            torch.tensor(self.dones[t]),
            extras,
        )


@pytest.fixture
def tiny() -> Experts:
    return load(Config, TINY).experts


def small_env(seed: int = 0) -> ManipulationEnv:
    small = small_world("allegro")
    return ManipulationEnv(
        small.config.world,
        small.objects,
        small.grasps,
        num_envs=8,
        seed=seed,
        style="fast",
        threads=1,
    )


def with_ppo(config: Experts, **changes) -> Experts:
    return dataclasses.replace(config, ppo=dataclasses.replace(config.ppo, **changes))


def test_returns_are_gae_with_time_outs_bootstrapped_and_drops_not(tiny):
    config = with_ppo(tiny, steps=3, gamma=0.9, lam=0.5, reward_scale=0.1)
    env = Recital()
    algorithm = make_algorithm(env, config)
    for layer in algorithm.critic.mlp:  # a critic that always says VALUE
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    torch.nn.init.constant_(algorithm.critic.mlp[-1].bias, VALUE)
    counts = collect(env, algorithm, config)
    # rewards 1, 0, 3; delta = r + 0.9 V' - V; A = delta + 0.45 A'; return = A + V
    #   goes on:   A2 = 2.8; A1 = -0.2 + 0.45 * 2.8 = 1.06; A0 = 0.8 + 0.45 * 1.06 = 1.277
    #   dropped:   A1 = 0 - 2 = -2;                         A0 = 0.8 - 0.45 * 2 = -0.1
    #   timed out: A1 = 0.9 * 2 - 2 = -0.2;                 A0 = 0.8 - 0.45 * 0.2 = 0.71
    expected = torch.tensor([[3.277, 1.9, 2.71], [3.06, 0.0, 1.8], [4.8, 4.8, 4.8]])
    assert torch.allclose(algorithm.storage.returns[..., 0], expected, atol=1e-5)
    assert algorithm.storage.dones[..., 0].bool().tolist() == [list(row) for row in env.dones]
    assert counts == {"reward": 120.0, "goals": 1.0, "drops": 1.0}


def test_the_environment_gets_script_plus_scaled_residual(tiny):
    env = Recital()
    config = with_ppo(tiny, steps=3)
    algorithm = make_algorithm(env, config)
    collect(env, algorithm, config)
    sampled = algorithm.storage.actions
    expected = (0.25 * config.policy.script.rate + config.policy.residual_scale * sampled).clamp(
        -1, 1
    )
    assert torch.allclose(torch.stack(env.actions), expected.clamp(-1, 1))
    loud = torch.full((3, 2), 9.0)
    assert torch.equal(compose(config.policy, env, loud), torch.ones(3, 2))


def test_an_untrained_expert_is_the_script(tiny):
    env = Recital()
    algorithm = make_algorithm(env, tiny)
    residual = algorithm.actor(env.get_observations())
    assert float(residual.detach().abs().max()) < 0.01


def weights(config: Experts, path: Path) -> dict[str, torch.Tensor]:
    algorithm = train(small_env(), config, 3, path, lambda done, metrics: None)
    return {**algorithm.actor.state_dict(), **algorithm.critic.state_dict()}


def test_training_goes_on_from_a_checkpoint_to_equal_weights(tiny, tmp_path):
    whole = weights(tiny, tmp_path / "whole.pt")
    weights(with_ppo(tiny, iterations=2), tmp_path / "parts.pt")
    before = torch.get_rng_state()
    parts = weights(tiny, tmp_path / "parts.pt")
    assert torch.equal(torch.get_rng_state(), before)  # the global state is the caller's
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    untrained = weights(with_ppo(tiny, iterations=1), tmp_path / "one.pt")
    assert any(not torch.equal(whole[name], untrained[name]) for name in whole)


def test_training_learns_what_pays(tiny, tmp_path):
    """With nothing but a price on the present action, the residual calms down."""
    small = small_world("allegro")
    changes = {"goal": 0.0, "drop": 0.0, "work": 0.0, "torque": 0.0, "action": 1.0}
    task = small.config.world.task
    priced = dataclasses.replace(task, rewards=dataclasses.replace(task.rewards, **changes))
    world = dataclasses.replace(small.config.world, task=priced)
    env = ManipulationEnv(
        world, small.objects, small.grasps, num_envs=16, seed=0, style="fast", threads=1
    )
    config = with_ppo(
        tiny,
        iterations=25,
        steps=8,
        batch=32,
        epochs=4,
        learning_rate=0.003,
        gamma=0.01,
        desired_kl=None,
    )
    config = dataclasses.replace(
        config, policy=dataclasses.replace(config.policy, residual_scale=1.0)
    )
    seen: list[tuple[int, float]] = []
    algorithm = train(
        env, config, 3, tmp_path / "c.pt", lambda done, m: seen.append((done, m["reward"]))
    )
    assert [done for done, _ in seen] == list(range(1, 26))
    assert float(algorithm.actor.distribution.log_std_param.detach().exp().mean()) < 0.85 * 0.4
    rewards = [reward for _, reward in seen]
    calm = small.layout.num_joints * 0.4**2  # the price of exploring as at the start
    assert sum(rewards[-5:]) / 5 > -0.8 * calm


def test_a_broken_checkpoint_is_named(tiny, tmp_path):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(UserError, match=r"checkpoint\.pt"):
        train(small_env(), tiny, 3, path, lambda done, metrics: None)


def test_a_checkpoint_of_other_networks_is_refused(tiny, tmp_path):
    path = tmp_path / "checkpoint.pt"
    train(small_env(), with_ppo(tiny, iterations=1), 3, path, lambda done, metrics: None)
    wider = dataclasses.replace(tiny, policy=dataclasses.replace(tiny.policy, hidden=(8,)))
    with pytest.raises(UserError, match="another training"):
        train(small_env(), wider, 3, path, lambda done, metrics: None)


def test_a_rate_that_could_not_adapt_is_refused():
    with pytest.raises(ConfigError, match=r"learning_rate 0\.05 is outside 1e-05 to 0\.01"):
        load(Config, ["experts.ppo.learning_rate=0.05"])
    load(Config, ["experts.ppo.learning_rate=0.05", "experts.ppo.desired_kl=null"])

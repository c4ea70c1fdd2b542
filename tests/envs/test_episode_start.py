"""What a new episode draws anew or starts again; nothing of the last one may stay."""

import dataclasses

import pytest
import torch

from configs.schema.world import World
from envs.manipulation import ManipulationEnv
from tests.envs.environment import COUNT, make, parameters_are_used, still
from tests.small_world import SmallWorld, small_world

STEPS = 4  # of an episode here


@pytest.fixture
def small() -> SmallWorld:
    return small_world("allegro")


def short_world(small: SmallWorld, **randomization) -> World:
    """Return a world whose episodes all end after STEPS control steps."""
    world = small.config.world
    task = dataclasses.replace(
        world.task, episode_s=STEPS / small.layout.control_hz, drop_distance=10.0
    )
    ranges = dataclasses.replace(world.randomization, **randomization)
    return dataclasses.replace(world, task=task, randomization=ranges)


def finish_episode(env: ManipulationEnv) -> None:
    for _ in range(STEPS - 1):
        assert not env.step(still(env))[2].any()
    assert env.step(still(env))[2].all()


def test_every_episode_gives_the_models_its_own_parameters(small):
    env = make(small, short_world(small))
    parameters_are_used(env)
    first = {name: value.clone() for name, value in vars(env.parameters).items()}
    finish_episode(env)
    parameters_are_used(env)
    for name, value in vars(env.parameters).items():
        assert (value != first[name]).all()


def test_the_wrist_starts_to_turn_afresh(small):
    env = make(small, short_world(small, wrist_speed=(1.0, 2.0)))
    for _ in range(2):
        finish_episode(env)
        assert torch.allclose(env.gravity, env.wrist.along + env.wrist.across, atol=1e-5)


def test_a_push_ends_with_its_episode(small):
    force = small.config.randomization.random_force
    env = make(small, short_world(small, random_force=dataclasses.replace(force, probability=1.0)))
    env.step(still(env))
    assert (env.force.force.abs().amax(dim=1) > 0).all()
    for _ in range(STEPS - 1):
        env.step(still(env))
    assert env.started.all()
    assert torch.equal(env.force.force, torch.zeros(COUNT, 3))


def test_the_readings_bias_is_drawn_once_an_episode(small):
    env = make(small, short_world(small, observation_noise=0.0, observation_bias=0.005))
    biases = []
    for _ in range(2):
        at_start = env.joint_observation - env.physics.joint_position
        env.step(still(env))
        later = env.joint_observation - env.physics.joint_position
        assert torch.allclose(at_start, later, atol=1e-6)
        biases.append(at_start)
        for _ in range(STEPS - 1):
            env.step(still(env))
        assert env.started.all()
    assert ((biases[0] - biases[1]).abs().amax(dim=1) > 1e-4).all()

"""Each skill in physics: steps, what the script makes of it, and going on where one stopped."""

import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.script import Script
from configs.schema.world import World
from envs.shapes.objects import PARKED
from tests.envs.environment import STRAIGHT, make
from tests.small_world import SmallWorld, small_world

SKILLS = ("anygrasp", "free_finger", "fine_rotation")


@pytest.fixture(params=["allegro", "trident"])
def hand(request) -> SmallWorld:
    return small_world(request.param)


@pytest.fixture
def allegro() -> SmallWorld:
    return small_world("allegro")


def world(small: SmallWorld, skill: str, *overrides: str) -> World:
    return load(Config, [f"hand={small.config.hand.name}", f"task={skill}", *overrides]).world


@pytest.mark.parametrize("skill", SKILLS)
def test_an_environment_of_each_skill_is_stepped(hand, skill):
    env = make(hand, world(hand, skill), num_envs=12)  # a trident's grasps take every finger
    draw = torch.Generator().manual_seed(0)
    for step in range(60):
        noise = 2.0 * torch.rand(12, env.num_actions, generator=draw) - 1.0
        action = env.scripted_action(STRAIGHT) if step < 40 else noise
        observations, reward, _, extras = env.step(action)
        assert all(torch.isfinite(value).all() for value in observations.values())
        assert torch.isfinite(reward).all()
        assert not (extras["matched"] & ~extras["reached"]).any()
        for name, value in extras["log"].items():
            if name.startswith("/goals/"):
                kind = name.split("/")[2]
                assert kind in env.goals.kinds
                assert set(value.tolist()) <= {0.0, 1.0}
    assert observations["actor"].shape[1] == hand.layout.state_size + 6 + 2 * env.num_actions
    env.close()


@pytest.mark.parametrize("skill", [*SKILLS, "several_edges"])
def test_an_environment_of_each_skill_goes_on_exactly(allegro, skill):
    chosen = ("anygrasp", "task.skill.max_edges=3", "task.skill.modulo_symmetry=true")
    overrides = chosen if skill == "several_edges" else (skill,)
    first = make(allegro, world(allegro, *overrides, "task.episode_s=1.5"))

    def step(env) -> list[torch.Tensor]:
        observations, reward, done, _ = env.step(env.scripted_action(STRAIGHT))
        return [*observations.values(), reward, done, env.goals.pose.clone()]

    for _ in range(25):
        step(first)
    state = first.state_dict()
    expected = [step(first) for _ in range(40)]
    second = make(allegro, world(allegro, *overrides, "task.episode_s=1.5"))
    second.load_state_dict(state)
    for before in expected:
        assert all(torch.equal(a, b) for a, b in zip(before, step(second), strict=True))


def test_the_script_follows_free_fingers_and_the_others_hold(allegro):
    quiet = world(allegro, "free_finger", "task.skill.empty=0.4", "task.episode_s=60")
    env = make(allegro, quiet, num_envs=20, randomize=False)
    empty = env.goals.weight[:, 0] == 0.0
    assert empty.any()
    assert not empty.all()
    followed = torch.zeros(20)
    touched, moments = torch.zeros(20), 0
    for _ in range(120):
        free = env.goals.moving.unflatten(1, (4, 4)).any(dim=2)
        _, _, done, extras = env.step(env.scripted_action(STRAIGHT))
        assert not done.any()
        followed += extras["reached"]
        touched += (env.physics.contact_force * free).sum(dim=1) > 0.05
        moments += 1
    assert float((followed > 0).float().mean()) > 0.7
    assert float(touched.mean()) / moments < 0.05  # what moves touches nothing
    aside = env.physics.object_position[empty] - torch.tensor(PARKED)
    assert float(aside.abs().max()) < 1e-3  # weightless
    held = env.physics.object_pose[~empty, :3] - env.goals.pose[~empty, :3]
    assert float(torch.linalg.vector_norm(held, dim=1).median()) < 0.01


def test_the_script_turns_the_object_a_little(allegro):
    env = make(allegro, world(allegro, "fine_rotation"), num_envs=20, randomize=False)
    outcomes = []
    for _ in range(160):
        extras = env.step(env.scripted_action(Script(rate=0.1, gain=0.05, damping=0.01)))[3]
        outcomes += [v for name, v in extras["log"].items() if name.endswith("/pose")]
    assert float(torch.cat(outcomes).mean()) > 0.3

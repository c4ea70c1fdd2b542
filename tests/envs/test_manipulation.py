"""The environment against its contract: episodes, history, and every draw in the physics."""

import dataclasses

import numpy as np
import pytest
import torch

from configs.schema.world import World
from envs.manipulation import ManipulationEnv
from models.rotations import angle, from_rotation_vector, multiply
from models.state import state_step
from tests.envs.environment import COUNT, STRAIGHT, body, make, still
from tests.small_world import SmallWorld, small_world


@pytest.fixture(params=["allegro", "trident"])
def hand(request) -> SmallWorld:
    return small_world(request.param)


@pytest.fixture
def allegro() -> SmallWorld:
    return small_world("allegro")


def task(small: SmallWorld, **changes) -> World:
    world = small.config.world
    return dataclasses.replace(world, task=dataclasses.replace(world.task, **changes))


def test_shapes_follow_the_layout(hand):
    env, layout = make(hand), hand.layout
    observations, reward, done, extras = env.step(env.scripted_action(STRAIGHT))
    assert observations["actor"].shape == (COUNT, layout.state_size + 6 + 2 * layout.num_joints)
    assert observations["critic"].shape[0] == COUNT
    assert reward.shape == done.shape == (COUNT,)
    assert all(torch.isfinite(value).all() for value in observations.values())
    assert set(extras) == {"time_outs", "dropped", "reached", "matched", "diverged", "log"}
    parts = [value for name, value in extras["log"].items() if name.startswith("/reward/")]
    assert torch.allclose(sum(parts), reward)
    assert env.history().shape == (COUNT, layout.history, layout.step_size)
    assert sorted(set(env.object_index.tolist())) == [0, 1]


def test_frame_has_the_layouts_fields_of_this_moment(hand):
    env = make(hand)
    env.step(env.scripted_action(STRAIGHT))
    frame = env.frame()
    for name, field in hand.layout.fields.items():
        assert frame[name].shape == (COUNT, *field.shape)
        assert frame[name].dtype == field.dtype
    truth = env.engine.state()
    assert np.array_equal(frame["joint_position"], truth.joint_position.numpy())
    assert np.array_equal(frame["object_pose"], truth.object_pose.numpy())
    assert np.allclose(frame["keypoints"], env.kinematics.keypoints(truth.joint_position).numpy())
    assert frame["step"].tolist() == [1] * COUNT
    before = frame["joint_target"].copy()
    env.step(env.scripted_action(STRAIGHT))
    assert np.array_equal(frame["joint_target"], before)  # a frame is a copy


def test_the_scale_drawn_is_compiled_into_shape_and_inertia(allegro):
    env = make(allegro)
    low, high = allegro.config.randomization.object_scale
    factors = []
    for i in range(0, COUNT, 2):  # the box, half size 2.75 cm
        _, _, model, index = body(env, i)
        half = model.geom_size[model.body_geomadr[index], 0]
        factors.append(half / 0.0275)
        # a solid cube: I = m (2 h)^2 / 6
        inertia = model.body_mass[index] * (2 * half) ** 2 / 6
        assert model.body_inertia[index] == pytest.approx(inertia, rel=1e-5)
    assert all(low <= factor <= high for factor in factors)
    assert len(set(factors)) == len(factors)


def test_gravity_push_and_target_reach_the_physics(allegro):
    env = make(allegro)
    gravity = env.gravity.clone()
    for _ in range(3):
        gravity = env.gravity.clone()
        env.step(env.scripted_action(STRAIGHT))
    assert float(env.force.force.abs().max()) > 0
    for i in range(COUNT):
        pool, place, model, index = body(env, i)
        weight = model.body_mass[index] * gravity[i] + env.force.force[i]
        assert pool.push[place, 0] == pytest.approx(weight.tolist(), rel=1e-4)
        assert pool.ctrl[place] == pytest.approx(env.joint_target[i].tolist())
    turned = 1 - torch.cosine_similarity(gravity, env.gravity, dim=-1)
    assert float(turned.max()) > 0


def test_a_reset_starts_at_a_grasp_with_noisy_joints(allegro):
    env = make(allegro, num_envs=40)
    origin = env.goals.origin
    grasp = env.table.joint_position[origin]
    noise = env.physics.joint_position - grasp
    low, high = allegro.config.randomization.initial_joint_noise
    assert float(noise.min()) >= low - 1e-6
    assert float(noise.max()) <= high + 1e-6
    assert float(noise.std()) == pytest.approx((high - low) / 12**0.5, rel=0.15)
    assert torch.equal(env.joint_target, env.table.joint_target[origin])
    assert torch.allclose(env.physics.object_pose, env.table.object_pose[origin], atol=1e-6)
    firsts = [len(allegro.grasps[0])]
    assert (origin[0::2] < firsts[0]).all()  # boxes start at grasps of the box
    assert (origin[1::2] >= firsts[0]).all()


def test_action_noise_is_added_and_the_target_moves_by_what_was_applied(allegro):
    env = make(allegro, num_envs=60)
    noises = []
    for _ in range(10):
        env.step(still(env))
        noises.append(env.applied_action.clone())
    assert float(torch.stack(noises).std()) == pytest.approx(0.05, rel=0.03)
    before, reading = env.joint_target.clone(), env.joint_observation.clone()
    _, _, done, _ = env.step(torch.full_like(before, 5.0))
    assert float(env.applied_action.max()) <= 1.0
    layout = allegro.layout
    moved = torch.minimum(before + layout.action_scale * env.applied_action, reading + 0.35)
    moved = torch.minimum(torch.maximum(moved, reading - 0.35), env.limits[1])
    assert torch.allclose(env.joint_target[~done], moved[~done], atol=1e-6)


def test_history_is_the_first_step_repeated_then_pushed(hand):
    env = make(hand)
    first = env.history()
    assert torch.equal(first, first[:, :1].expand_as(first))
    expected = state_step(env.kinematics, env.joint_observation, env.joint_target)
    assert torch.equal(first[:, -1], expected)
    _, _, done, _ = env.step(env.scripted_action(STRAIGHT))
    second = env.history()
    assert not done.any()
    assert torch.equal(second[:, :-1], first[:, 1:])
    assert not torch.equal(second[:, -1], first[:, -1])


def test_an_episode_is_cut_off_in_time_and_starts_afresh(allegro):
    env = make(allegro, task(allegro, episode_s=0.25, drop_distance=10.0))
    for _ in range(4):
        _, _, done, extras = env.step(still(env))
        assert not done.any()
    _, _, done, extras = env.step(still(env))
    assert done.all()
    assert extras["time_outs"].all()
    assert not extras["dropped"].any()
    assert env.started.all()
    assert env.episode_length_buf.tolist() == [0] * COUNT
    history = env.history()
    assert torch.equal(history, history[:, :1].expand_as(history))
    assert env.frame()["episode"].tolist() == [1] * COUNT
    assert not env.step(still(env))[2].any()
    assert not env.started.any()


def test_a_drop_ends_the_episode_and_costs(allegro):
    goals = dataclasses.replace(allegro.config.task.goals, timeout_s=10.0)
    env = make(allegro, task(allegro, drop_distance=0.06, goals=goals))
    opened = torch.full((COUNT, env.num_actions), -1.0)
    seen = torch.zeros(COUNT, dtype=torch.bool)
    for _ in range(80):
        goal, episode = env.goals.goal.clone(), env.episode.clone()
        _, _, done, extras = env.step(opened)
        dropped = extras["dropped"]
        assert torch.equal(done, dropped)  # nothing times out here
        assert torch.equal(env.episode, episode + dropped)
        assert (extras["log"]["/reward/drop"] == -15.0 * dropped).all()
        assert not (extras["reached"] & dropped).any()
        assert (env.goals.goal.clone() == goal)[~dropped & ~extras["reached"]].all()
        seen |= dropped
    assert seen.all()  # an open hand holds nothing


def test_diverged_physics_counts_as_a_drop_and_spoils_nothing_else(allegro):
    env = make(allegro)
    pool, place, _, _ = body(env, 3)
    pool.qvel[place, 0] = 1e12
    observations, reward, done, extras = env.step(still(env))
    only = torch.arange(COUNT) == 3
    assert torch.equal(extras["diverged"], only)
    assert extras["dropped"][3]
    assert done[3]
    assert float(reward[3]) == -15.0
    assert torch.isfinite(reward).all()
    assert all(torch.isfinite(value).all() for value in observations.values())
    assert not env.step(still(env))[3]["diverged"].any()


def test_a_goal_not_reached_in_time_is_replaced_without_ending_the_episode(allegro):
    goals = dataclasses.replace(
        allegro.config.task.goals, timeout_s=0.2, position_tolerance=1e-4, min_distance=0.0
    )
    env = make(allegro, task(allegro, goals=goals, drop_distance=10.0), num_envs=30)
    origin, first = env.goals.origin.clone(), env.goals.goal.clone()
    for _ in range(3):
        env.step(still(env))
    assert torch.equal(env.goals.goal.clone(), first)
    _, _, done, extras = env.step(still(env))
    assert not done.any()
    assert not extras["reached"].any()
    assert torch.equal(env.goals.origin, origin)
    several = (env.table.neighbours[origin] >= 0).sum(dim=1) > 1
    assert (env.goals.goal.clone() != first)[several].all()
    assert env.goals.age.tolist() == [0] * 30


def test_a_goal_that_is_kept_pays_and_is_followed_by_another(allegro):
    goals = dataclasses.replace(
        allegro.config.task.goals, position_tolerance=1.0, rotation_tolerance=4.0, min_distance=0.0
    )
    env = make(allegro, task(allegro, goals=goals, drop_distance=10.0))
    goal = env.goals.goal.clone()
    for step in range(1, 10):  # of 10 in half a second
        observations, _, done, extras = env.step(still(env))
        assert not (extras["reached"] | done).any()
        assert (extras["log"]["/reward/goal"] < 1.1).all()  # no bonus yet
        share = observations["critic"][:, time_left(env)]
        assert torch.allclose(share[:, 2], torch.tensor(1.0 - step / 10))
    observations, _, done, extras = env.step(still(env))
    assert extras["reached"].all()
    assert (extras["log"]["/reward/goal"] > 20.0).all()  # the bonus is 25
    assert torch.equal(env.goals.origin, goal)
    assert env.goals.stay.tolist() == [0] * COUNT
    assert (observations["critic"][:, time_left(env)][:, 2] == 1.0).all()
    assert not env.step(still(env))[3]["reached"].any()


def time_left(env: ManipulationEnv) -> slice:
    """Return where the critic sees what is left of goal, episode and stay."""
    after = env.num_actions + env.object_shape.shape[1]  # the readings' bias and the object
    return slice(-(after + 3), -after)


def test_nothing_is_random_without_randomisation(allegro):
    env = make(allegro, randomize=False)
    assert torch.allclose(env.gravity, torch.tensor([-9.81, 0.0, 0.0]), atol=1e-5)
    assert torch.equal(env.joint_observation, env.physics.joint_position)
    assert torch.allclose(
        env.parameters.object_mass, torch.tensor(allegro.config.physics.object_mass)
    )
    env.step(still(env))
    assert torch.equal(env.applied_action, still(env))
    assert torch.equal(env.force.force, torch.zeros(COUNT, 3))


def test_equal_seeds_give_equal_runs_on_any_number_of_threads(allegro):
    def run(threads: int) -> list[torch.Tensor]:
        env = make(allegro, threads=threads, num_envs=8)
        seen = [env.step(env.scripted_action(STRAIGHT))[0]["critic"] for _ in range(15)]
        env.reset_all(5)
        return [*seen, *(env.step(env.scripted_action(STRAIGHT))[0]["critic"] for _ in range(5))]

    assert all(torch.equal(a, b) for a, b in zip(run(1), run(2), strict=True))


def test_equal_streams_are_equal_worlds_until_the_actions_differ(allegro):
    pairs = torch.tensor([0, 1, 2, 0, 1, 2])
    env = make(allegro, streams=pairs, object_index=pairs % 2)
    for _ in range(10):
        observations, _, _, _ = env.step(still(env))
    assert torch.equal(observations["critic"][:3], observations["critic"][3:])
    actions = still(env)
    actions[3:] = 0.5
    env.step(actions)
    assert torch.equal(env.gravity[:3], env.gravity[3:])
    assert torch.equal(env.force.force[:3], env.force.force[3:])
    assert not torch.equal(env.joint_target[:3], env.joint_target[3:])


def test_an_environment_goes_on_exactly_where_its_state_was_taken(allegro):
    goals = dataclasses.replace(allegro.config.task.goals, min_distance=0.5, dwell_s=0.2)
    # with resets and goals reached on the way
    world = task(allegro, goals=goals, episode_s=1.0, drop_distance=0.06)

    def step(env: ManipulationEnv) -> tuple[torch.Tensor, ...]:
        observations, reward, done, extras = env.step(env.scripted_action(STRAIGHT))
        seen = observations["actor"], observations["critic"], extras["reached"]
        return *seen, reward, done, env.goals.stay.clone(), env.goals.back.clone()

    first = make(allegro, world)
    for count in range(400):  # taken while somebody stays at a goal
        step(first)
        if count >= 44 and first.goals.stay.any():
            break
    state = first.state_dict()
    expected = [step(first) for _ in range(45)]
    assert state["goals.stays"].any()
    second = make(allegro, world)
    for _ in range(7):
        step(second)
    second.load_state_dict(state)
    for before in expected:
        assert all(torch.equal(a, b) for a, b in zip(before, step(second), strict=True))


def test_models_do_not_remember_earlier_episodes(allegro):
    env = make(allegro, task(allegro, episode_s=0.2, drop_distance=10.0))
    for _ in range(80):  # 20 episodes, each with other parameters
        env.step(still(env))
    env.reset_all(7)
    fresh = make(allegro)
    fresh.reset_all(7)
    for i in range(COUNT):
        _, _, used, index = body(env, i)
        _, _, new, _ = body(fresh, i)
        assert np.array_equal(used.body_inertia[index], new.body_inertia[index])
        assert np.array_equal(used.dof_invweight0, new.dof_invweight0)


def test_rotation_to_the_goal_turns_the_object_onto_it(allegro):
    env = make(allegro)
    observation = env.get_observations()["actor"]
    start = allegro.layout.state_size
    offset, turn = observation[:, start : start + 3], observation[:, start + 3 : start + 6]
    pose, goal = env.physics.object_pose, env.table.object_pose[env.goals.goal.clone()]
    assert torch.allclose(pose[:, :3] + offset, goal[:, :3], atol=1e-6)
    turned = multiply(from_rotation_vector(turn), pose[:, 3:])
    assert float(angle(turned, goal[:, 3:]).max()) < 1e-3


def test_the_critic_sees_scale_object_and_the_readings_bias(allegro):
    env = make(allegro)
    n = env.num_actions
    seen = env.get_observations()["critic"][:, -(n + 1 + 2) :]
    bias, scale, which = seen.split([n, 1, 2], dim=1)
    white = env.joint_observation - env.physics.joint_position - bias
    assert float(bias.abs().max()) > 0
    assert float((white / allegro.config.randomization.observation_noise).abs().max()) < 6
    assert which.tolist() == [[1, 0], [0, 1]] * (COUNT // 2)
    for i in range(0, COUNT, 2):  # the box, half size 2.75 cm
        _, _, model, index = body(env, i)
        half = model.geom_size[model.body_geomadr[index], 0]
        assert half == pytest.approx(0.0275 * float(scale[i]), rel=1e-5)


def test_reward_is_for_the_grasps_joints_and_for_the_tips_speed(allegro):
    env = make(allegro, task(allegro, drop_distance=10.0), num_envs=12, style="slow")
    weights, style = env.task.rewards, env.style
    goal, before = env.goals.goal.clone(), env.frame()["keypoints"]
    _, _, done, extras = env.step(torch.full((12, env.num_actions), 0.5))
    assert not done.any()
    tips = allegro.layout.tip_indices
    way = torch.from_numpy(env.frame()["keypoints"] - before)[:, tips]
    speeds = way.norm(dim=-1) * allegro.layout.control_hz  # [m/s]
    expected = -weights.style * style.style_factor * weights.tip_speed * speeds.sum(dim=1)
    assert float(speeds.max()) > 0.01
    assert torch.allclose(extras["log"]["/reward/style"], expected, rtol=1e-3)

    pose, end = env.physics.object_pose, env.table.object_pose[goal]
    far = weights.position * (end - pose)[:, :3].square().sum(dim=1)
    far += weights.orientation * angle(end[:, 3:], pose[:, 3:])
    joints = env.table.joint_position[goal] - env.physics.joint_position
    reward = torch.exp(-far) - weights.hand * joints.square().sum(dim=1)
    reward += weights.bonus * extras["reached"]
    assert torch.allclose(extras["log"]["/reward/goal"], weights.goal * reward, atol=1e-4)
    squeeze = env.table.joint_target[goal] - env.table.joint_position[goal]
    assert float(weights.hand * squeeze.square().sum(dim=1).max()) > 1e-3  # targets are no goal

"""The engine's physics by hand, and every randomised value shown to be really used."""

import mujoco
import numpy as np
import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from envs.scene import build_scene
from envs.shapes.objects import OBJECT, ObjectModel
from tests.tiny_engine import (
    AWAY,
    DOWN,
    GRIPPED,
    make,
    parameters,
    start,
    vector,
    wild_targets,
)


@pytest.fixture(scope="module", params=["allegro", "trident"])
def either(request: pytest.FixtureRequest) -> Config:
    return load(Config, [f"hand={request.param}"])


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Config)


def test_free_fall_is_true_gravity(either: Config) -> None:
    engine, g = make(either, 2), 9.81
    targets = start(engine, either)
    acceleration = torch.tensor([[0.0, 0.0, -g], [g, 0.0, 0.0]])
    for _ in range(6):  # 0.3 s at 20 Hz
        engine.step(targets, acceleration, vector(2))
    t, dt = 6 * engine.control_dt, either.physics.timestep
    fallen = engine.state().object_position - torch.tensor(AWAY[:3])
    expected = 0.5 * g * t * (t + dt)  # semi-implicit Euler; 0.5 g t^2 as dt vanishes
    np.testing.assert_allclose(fallen[0], [0.0, 0.0, -expected], atol=1e-6)
    np.testing.assert_allclose(fallen[1], [expected, 0.0, 0.0], atol=1e-6)
    assert -fallen[0, 2].item() == pytest.approx(0.5 * g * t**2, rel=0.04)
    np.testing.assert_allclose(engine.state().object_linear_velocity[0], [0, 0, -g * t], atol=1e-5)


@pytest.mark.parametrize("shape", ["box", "sphere", "cylinder"])
def test_gravity_as_a_force_equals_the_models_own_gravity(config: Config, shape: str) -> None:
    """In contact too: the fingers and the compensated hand see no difference."""
    engine, physics = make(config, 1, shapes=(shape,)), config.physics
    start(engine, config, GRIPPED)
    scene = build_scene(
        config.hand,
        ObjectModel(config.objects.items[shape]),
        physics,
        mass=physics.object_mass,
        scale=1.0,
        friction=physics.friction,
    )
    model = scene.compile()
    model.opt.gravity[:] = DOWN
    data = mujoco.MjData(model)
    data.qpos[:] = [*config.hand.rest, *GRIPPED]
    touched = 0
    for target in wild_targets(config, 1, steps=8, seed=0):
        engine.step(target, vector(1, *DOWN), vector(1))
        data.ctrl[:] = target[0]
        mujoco.mj_step(model, data, nstep=engine.substeps)
        touched += int((engine.state().contact_force > 0).any())
    assert touched >= 1
    state = engine.state()
    np.testing.assert_allclose(state.object_position[0], data.qpos[-7:-4], atol=1e-5)
    np.testing.assert_allclose(state.joint_position[0], data.qpos[:-7], atol=1e-5)


def test_angular_velocity_is_in_the_hand_frame(config: Config) -> None:
    engine = make(config, 1)
    half = float(np.sqrt(0.5))
    targets = start(engine, config, [0.3, 0.0, 0.3, half, 0.0, half, 0.0])  # turned about y
    engine.pools[0].qvel[0, -3:] = [0.0, 0.0, 2.0]  # the body's own z points to the hand's x
    engine.step(targets, vector(1), vector(1))
    np.testing.assert_allclose(
        engine.state().object_angular_velocity[0], [2.0, 0.0, 0.0], atol=1e-4
    )


def test_mass_brings_its_inertia_and_derived_constants(config: Config) -> None:
    """A model changed in place equals one compiled with the new values, in every array."""
    engine = make(config, 1, scales=np.array([1.04]))
    drawn = parameters(1, object_mass=torch.tensor([0.2]), friction=torch.tensor([0.6]))
    engine.randomize(torch.arange(1), drawn)
    changed = engine.pools[0].models[0]
    spec = build_scene(
        config.hand,
        ObjectModel(config.objects.items["box"]),
        config.physics,
        mass=float(np.float32(0.2)),
        scale=1.04,
        friction=float(np.float32(0.6)),
    )
    fresh = spec.compile()
    edge = 2 * 1.04 * 0.0275
    np.testing.assert_allclose(changed.body(OBJECT).inertia, 0.2 * edge**2 / 6.0, rtol=1e-6)
    arrays = [name for name in dir(fresh) if isinstance(getattr(fresh, name), np.ndarray)]
    assert len(arrays) > 300
    for name in arrays:
        expected = getattr(fresh, name)
        if expected.dtype.kind in "fiu":
            np.testing.assert_allclose(
                getattr(changed, name), expected, rtol=1e-9, atol=1e-15, err_msg=name
            )


def test_friction_decides_whether_the_object_slides(config: Config) -> None:
    """A box pressed onto the palm by its weight slides when pushed beyond friction x weight."""
    engine = make(config, 2)
    box, palm = 0.0275, config.hand.palm.box
    top = palm.centre[0] + palm.half_size[0]
    targets = start(engine, config, [top + box, -0.0, -0.045, 1.0, 0.0, 0.0, 0.0])
    engine.randomize(torch.arange(2), parameters(2, friction=torch.tensor([0.5, 1.2])))
    for _ in range(10):
        engine.step(targets, vector(2, -9.81, 0.0, 0.0), vector(2))
    before = engine.state().object_position[:, 2].clone()
    push = 0.8 * 0.08 * 9.81  # [N] between 0.5 and 1.2 times the weight
    for _ in range(4):
        engine.step(targets, vector(2, -9.81, 0.0, 0.0), vector(2, 0.0, 0.0, -push))
    moved = (before - engine.state().object_position[:, 2]).tolist()
    expected = 0.5 * (0.8 - 0.5) * 9.81 * (4 * engine.control_dt) ** 2
    assert moved[0] == pytest.approx(expected, rel=0.15)
    assert abs(moved[1]) < 0.003


def test_gains_make_the_torque_worked_by_hand(either: Config) -> None:
    engine, hand = make(either, 2), either.hand
    rest = start(engine, either)
    kp, kd = torch.tensor([0.8, 1.1]), torch.tensor([0.7, 1.2])
    engine.randomize(torch.arange(2), parameters(2, kp_factor=kp, kd_factor=kd))
    offset = 0.05
    engine.reset(torch.arange(2), rest, rest + offset, torch.tensor(AWAY).repeat(2, 1))
    torque = engine.state().joint_torque
    expected = (hand.actuation.kp * kp * offset)[:, None].expand_as(torque)
    np.testing.assert_allclose(torque, expected, rtol=1e-4)
    # One physics step before the reading, position and velocity were q and v:
    engine.step(rest + offset, vector(2), vector(2))
    pool = engine.pools[0]
    velocity = pool.qvel[:, : len(hand.rest)].copy()
    position = pool.qpos[:, : len(hand.rest)].copy()
    pool.batch.forward()
    exact = hand.actuation.kp * kp[:, None].numpy() * ((rest + offset).numpy() - position)
    exact -= hand.actuation.kd * kd[:, None].numpy() * velocity
    assert (np.abs(velocity) > 0.05).any()
    found = pool.sensors[:, : len(hand.rest)]
    np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-6)


def test_gains_may_differ_between_joints_and_torque_is_clipped(config: Config) -> None:
    engine = make(config, 1)
    rest = start(engine, config)
    factors = torch.linspace(0.8, 1.1, rest.shape[1])[None]
    engine.randomize(torch.arange(1), parameters(1, kp_factor=factors))
    engine.reset(torch.arange(1), rest, rest + 0.05, torch.tensor([AWAY]))
    expected = config.hand.actuation.kp * factors * 0.05
    np.testing.assert_allclose(engine.state().joint_torque, expected, rtol=1e-4)
    engine.reset(torch.arange(1), rest, rest + 1.0, torch.tensor([AWAY]))
    np.testing.assert_allclose(engine.state().joint_torque, config.hand.actuation.effort_limit)

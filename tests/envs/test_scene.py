"""The scene: its options are the configuration's, its sensors say who touches the object."""

import mujoco
import numpy as np
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from envs.scene import build_scene
from envs.shapes.objects import OBJECT, ObjectModel


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Config)


def compiled(config: Config, **options) -> mujoco.MjModel:
    given = {"mass": 0.1, "scale": 1.0, "friction": 0.8, **options}
    item = ObjectModel(config.objects.items["sphere"])
    return build_scene(config.hand, item, config.physics, **given).compile()


def test_options_are_the_configurations(config: Config) -> None:
    model, physics = compiled(config), config.physics
    assert model.opt.timestep == physics.timestep
    assert model.opt.impratio == physics.impratio
    assert model.opt.iterations == physics.iterations
    assert model.opt.ls_iterations == physics.ls_iterations
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    assert model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC
    assert (model.opt.gravity == 0.0).all()
    assert (model.geom_condim == physics.contact_dimensions).all()


def test_friction_of_a_contact_is_the_given_one(config: Config) -> None:
    model = compiled(config, friction=0.7)
    data = mujoco.MjData(model)
    data.qpos[-7:-4] = [0.0, 0.0, -0.05]  # inside the palm
    mujoco.mj_forward(model, data)
    touching = (data.contact.geom == model.geom(f"{OBJECT}_body").id).any(axis=1)
    assert touching.any()
    expected = [0.7, 0.7, config.physics.friction_torsional]
    np.testing.assert_allclose(data.contact.friction[touching][:, :3], [expected] * touching.sum())


def test_contact_sensors_tell_the_fingers_apart(config: Config) -> None:
    model = compiled(config)
    data, fingers = mujoco.MjData(model), [finger.name for finger in config.hand.fingers]
    for touching in fingers:
        data.qpos[:-7] = config.hand.rest
        mujoco.mj_kinematics(model, data)
        tip = data.geom(f"{touching}_tip").xpos
        data.qpos[-7:] = [tip[0] + 0.042, tip[1], tip[2], 1.0, 0.0, 0.0, 0.0]  # 2 mm deep
        mujoco.mj_forward(model, data)
        forces = {name: np.linalg.norm(data.sensor(f"contact_{name}").data) for name in fingers}
        assert forces[touching] > 0.1
        assert all(forces[name] == 0.0 for name in fingers if name != touching)
        # The finger lies at the object's -x: it pushes the object towards +x.
        assert data.sensor(f"contact_{touching}").data[0] > 0.5 * forces[touching]


def test_a_hand_alone_has_torque_sensors_only(config: Config) -> None:
    model = build_scene(
        config.hand, None, config.physics, mass=0.1, scale=1.0, friction=0.8
    ).compile()
    assert model.nsensor == model.nu

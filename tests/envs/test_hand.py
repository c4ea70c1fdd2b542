"""The hand in MuJoCo: the kinematics' twin, free of collisions at rest, actuated as configured."""

import mujoco
import numpy as np
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from envs.scene import build_scene
from models.kinematics import Kinematics


@pytest.fixture(scope="module", params=["allegro", "trident"])
def config(request: pytest.FixtureRequest) -> Config:
    return load(Config, [f"hand={request.param}"])


@pytest.fixture(scope="module")
def model(config: Config) -> mujoco.MjModel:
    scene = build_scene(config.hand, None, config.physics, mass=0.1, scale=1.0, friction=0.8)
    return scene.compile()


def test_keypoints_agree_with_the_arrays(config: Config, model: mujoco.MjModel) -> None:
    layout, kinematics = config.embodiment.make_layout(), Kinematics(config.hand)
    data, rng = mujoco.MjData(model), np.random.default_rng(0)
    joints = [model.joint(name).qposadr[0] for name in layout.joint_names]
    sites = [model.site(name).id for name in layout.keypoint_names]
    angles = rng.uniform(layout.joint_lower, layout.joint_upper, (100, layout.num_joints))
    found = np.empty((len(angles), layout.num_keypoints, 3))
    for row, q in enumerate(angles):
        data.qpos[joints] = q
        mujoco.mj_kinematics(model, data)
        found[row] = data.site_xpos[sites]
    np.testing.assert_allclose(found, kinematics.keypoints(angles), atol=1e-6)
    assert np.ptp(found, axis=0).max() > 0.02  # the angles did move the points


def test_links_agree_with_the_arrays(config: Config, model: mujoco.MjModel) -> None:
    layout, kinematics = config.embodiment.make_layout(), Kinematics(config.hand)
    data = mujoco.MjData(model)
    q = np.random.default_rng(1).uniform(layout.joint_lower, layout.joint_upper)
    data.qpos[:] = q
    mujoco.mj_kinematics(model, data)
    frames = kinematics.frames(q)
    bodies = [model.body(name).id for name in layout.joint_names]
    np.testing.assert_allclose(data.xpos[bodies], frames[:, :3, 3], atol=1e-6)
    turned = data.xmat[bodies].reshape(-1, 3, 3)
    np.testing.assert_allclose(turned, frames[:, :3, :3], atol=1e-6)


def test_joints_and_actuators_are_in_the_layouts_order(
    config: Config, model: mujoco.MjModel
) -> None:
    layout = config.embodiment.make_layout()
    assert tuple(model.joint(i).name for i in range(model.njnt)) == layout.joint_names
    assert tuple(model.actuator(i).name for i in range(model.nu)) == layout.joint_names
    assert (model.actuator_trnid[:, 0] == np.arange(layout.num_joints)).all()
    np.testing.assert_allclose(model.jnt_range[:, 0], layout.joint_lower)
    np.testing.assert_allclose(model.jnt_range[:, 1], layout.joint_upper)


def test_masses_and_actuation_are_the_hands(config: Config, model: mujoco.MjModel) -> None:
    hand = config.hand
    finger = hand.fingers[0]
    last = model.body(f"{finger.name}_{finger.links[-1].name}")
    assert last.mass[0] == pytest.approx(finger.links[-1].mass + finger.tip.mass)
    total = hand.palm.mass + sum(
        sum(link.mass for link in finger.links) + finger.tip.mass for finger in hand.fingers
    )
    assert model.body_mass.sum() == pytest.approx(total)
    np.testing.assert_allclose(model.dof_armature, hand.actuation.armature)
    np.testing.assert_allclose(model.dof_frictionloss, hand.actuation.friction_loss)
    np.testing.assert_allclose(model.actuator_forcerange[:, 1], hand.actuation.effort_limit)


def test_rest_pose_is_free_of_collisions(config: Config, model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    data.qpos[:] = config.hand.rest
    mujoco.mj_forward(model, data)
    names = [(model.geom(a).name, model.geom(b).name) for a, b in data.contact.geom]
    assert names == []


def test_gravity_is_compensated(config: Config, model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    data.qpos[:] = data.ctrl[:] = config.hand.rest
    model.opt.gravity[:] = [9.81, 0.0, 0.0]
    for _ in range(100):
        mujoco.mj_step(model, data)
    model.opt.gravity[:] = 0.0
    np.testing.assert_allclose(data.qpos, config.hand.rest, atol=1e-9)

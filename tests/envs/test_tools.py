"""Objects of several pieces: their surface, their mass, and a part that slides in physics."""

import math
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest
import torch
import trimesh

from configs.errors import UserError
from configs.load import load
from configs.schema.pipeline import Config
from envs.engines.mujoco_engine import MujocoEngine
from envs.scene import build_scene
from envs.shapes.objects import OBJECT, SLIDER, ObjectModel, load_object, save_pieces
from tests.things import mesh, thing
from tests.tiny_engine import AWAY, parameters, start, vector

BARREL = {
    "shape": {"kind": "cylinder", "radius": 0.02, "half_height": 0.03},
    "position": (0.0, 0.0, 0.0),
    "slides": False,
}
PLUNGER = {
    "shape": {"kind": "prism", "sides": 6, "radius": 0.01, "half_height": 0.02},
    "position": (0.0, 0.0, 0.04),
    "slides": True,
}
SYRINGE = thing(
    "tool",
    "syringe",
    parts={"barrel": BARREL, "plunger": PLUNGER},
    slide={"range": (-0.01, 0.01), "friction": 0.5},
)


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Config)


def compiled(config: Config, mass: float, scale: float) -> mujoco.MjModel:
    model = ObjectModel(SYRINGE)
    spec = build_scene(config.hand, model, config.physics, mass=mass, scale=scale, friction=0.8)
    return spec.compile()


def test_the_surface_is_that_of_the_pieces_together() -> None:
    surface = ObjectModel(SYRINGE).surface
    np.testing.assert_allclose(surface.bounds[:, 2], [-0.03, 0.06])
    points = np.array([[0.0, 0.0, 0.07], [0.0, 0.0, -0.04], [0.03, 0.0, 0.0], [0.0, 0.0, 0.03]])
    nearest, normals, distance = surface.closest(points)
    np.testing.assert_allclose(distance[:3], 0.01, atol=1e-12)
    np.testing.assert_allclose(nearest[:2], [[0.0, 0.0, 0.06], [0.0, 0.0, -0.03]], atol=1e-12)
    np.testing.assert_allclose(normals[2], [1.0, 0.0, 0.0])
    assert distance[3] < -0.008  # on the barrel's end, but within the plunger


def test_samples_lie_outside_every_piece_in_proportion_to_the_area() -> None:
    surface = ObjectModel(SYRINGE).surface
    points, normals = surface.sample(20000, np.random.default_rng(0))
    assert np.abs(surface.closest(points)[2]).max() < 1e-9
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0)
    plunger = ObjectModel(SYRINGE).pieces[1].solid
    end = 0.5 * 6 * 0.01**2 * math.sin(math.pi / 3)  # of the prism [m^2]
    free = 0.75 * (plunger.area - 2 * end) + end  # a quarter is in the barrel
    barrel = 2 * math.pi * 0.02 * (0.06 + 0.02) - end
    assert (points[:, 2] > 0.03 + 1e-9).mean() == pytest.approx(free / (free + barrel), abs=0.01)


def test_mass_is_shared_by_volume_and_the_slide_follows_the_scale(config: Config) -> None:
    model = compiled(config, mass=0.2, scale=1.05)
    barrel, plunger = (piece.solid.volume for piece in ObjectModel(SYRINGE).pieces)
    masses = [model.body(OBJECT).mass[0], model.body(SLIDER).mass[0]]
    np.testing.assert_allclose(masses, 0.2 * np.array([barrel, plunger]) / (barrel + plunger))
    np.testing.assert_allclose(model.joint(SLIDER).range, [-0.0105, 0.0105])


def test_a_push_beyond_its_friction_moves_the_plunger(config: Config) -> None:
    model = compiled(config, mass=0.1, scale=1.0)
    data = mujoco.MjData(model)
    slide = model.joint(SLIDER)

    def moved(newtons: float) -> float:
        mujoco.mj_resetData(model, data)
        data.xfrc_applied[model.body(OBJECT).id, 2] = newtons  # pulled apart: nothing else holds
        data.xfrc_applied[model.body(SLIDER).id, 2] = -newtons
        mujoco.mj_step(model, data, nstep=100)
        return float(data.qpos[slide.qposadr[0]])

    assert abs(moved(0.3)) < 5e-4
    assert moved(0.8) == pytest.approx(-0.01, abs=3e-3)  # its end gives a little


def test_environments_with_and_without_a_slide_step_together(config: Config) -> None:
    box = ObjectModel(config.objects.items["box"])
    hand, physics, hz = config.hand, config.physics, config.control.hz
    objects, index = [box, ObjectModel(SYRINGE)], np.array([0, 1, 1])
    engine = MujocoEngine(hand, physics, hz, objects, index, np.ones(3), threads=1)
    targets = start(engine, config)
    masses = torch.tensor([0.1, 0.1, 0.2])
    engine.randomize(torch.arange(3), parameters(3, object_mass=masses))
    force = torch.tensor([[0.0, 0.0, 0.1]]).repeat(3, 1)
    before = engine.state().object_position
    for _ in range(4):
        engine.step(targets, vector(3, 0.0, 0.0, -9.81), torch.zeros(3, 3))
    fallen = engine.state().object_position - before
    time = 4 * engine.control_dt
    assert fallen[:, 2] == pytest.approx(-0.5 * 9.81 * time**2, rel=0.1)  # plunger and all
    engine.step(targets, vector(3, 0.0, 0.0, 0.0), force)
    speed = engine.state().object_linear_velocity[:, 2]
    assert speed[1] - speed[0] < 0.02  # equal masses, equal answer, whatever slides
    assert not engine.state().diverged.any()
    saved = engine.state_dict()
    engine.pools[1].qpos[:, -1] = 0.005
    engine.reset(torch.tensor([1]), targets[:1], targets[:1], torch.tensor([AWAY]))
    np.testing.assert_allclose(engine.pools[1].qpos[0, -1], 0.0)
    np.testing.assert_allclose(engine.pools[1].qpos[1, -1], 0.005)
    engine.load_state_dict(saved)
    assert engine.pools[1].qpos[1, -1] != 0.005


def test_pieces_are_kept_and_found_again(tmp_path: Path) -> None:
    model = ObjectModel(SYRINGE)
    save_pieces(model, tmp_path / "syringe")
    again = load_object(SYRINGE, (tmp_path / "syringe").read_bytes(), "syringe")
    points = np.random.default_rng(0).uniform(-0.05, 0.05, (50, 3))
    for left, right in zip(again.closest(points), model.closest(points), strict=True):
        np.testing.assert_array_equal(left, right)
    sliding = replace(SYRINGE, name="other")
    with pytest.raises(UserError, match="not the pieces of 'other'"):
        load_object(sliding, b"nothing", "syringe")


def test_inertia_is_the_meshs_own_and_contact_its_hulls(config: Config, tmp_path: Path) -> None:
    ring = trimesh.creation.annulus(r_min=0.02, r_max=0.03, height=0.04)
    ring.export(tmp_path / "ring.obj")
    model = ObjectModel(mesh(tmp_path / "ring.obj"))
    spec = build_scene(config.hand, model, config.physics, mass=0.2, scale=1.1, friction=0.8)
    found = np.sort(spec.compile().body(OBJECT).inertia)
    expected = np.linalg.eigvalsh(ring.moment_inertia / ring.volume) * 0.2 * 1.1**2
    np.testing.assert_allclose(found, expected, rtol=1e-4)

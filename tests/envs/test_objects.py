"""Objects: compiled masses and inertias by hand, files written and read, bad meshes refused."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
import trimesh

from configs.errors import UserError
from configs.load import load
from configs.schema.objects import Limits, Object
from configs.schema.pipeline import Config
from envs.scene import build_scene
from envs.shapes.objects import OBJECT, ObjectModel, check_object, load_objects, save_objects
from tests.things import mesh, thing


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Config)


@pytest.fixture(scope="module")
def limits(config: Config) -> Limits:
    return config.objects.limits


def write(body: trimesh.Trimesh, path: Path, **changes: Any) -> Object:
    body.export(path)
    return mesh(path, **changes)


def compiled(config: Config, spec: Object, mass: float, scale: float) -> mujoco.MjModel:
    model = ObjectModel(spec)
    scene = build_scene(config.hand, model, config.physics, mass=mass, scale=scale, friction=0.8)
    return scene.compile()


def inertia(model: mujoco.MjModel) -> np.ndarray:
    return np.sort(model.body(OBJECT).inertia)


def box_inertia(mass: float, x: float, y: float, z: float) -> list[float]:
    """Moments of a solid box of full edges x, y, z, in rising order."""
    return sorted(mass / 12.0 * s for s in (y * y + z * z, x * x + z * z, x * x + y * y))


def test_scaled_box_has_the_analytic_inertia_and_bound(config: Config) -> None:
    model = compiled(config, thing("box", half=(0.02, 0.03, 0.04)), mass=0.2, scale=1.05)
    edges = [2 * 1.05 * half for half in (0.02, 0.03, 0.04)]
    np.testing.assert_allclose(inertia(model), box_inertia(0.2, *edges), rtol=1e-9)
    assert model.body(OBJECT).mass[0] == pytest.approx(0.2)
    half_diagonal = 0.5 * np.linalg.norm(edges)
    assert model.geom_rbound[model.geom(f"{OBJECT}_body").id] == pytest.approx(half_diagonal)


def test_scaled_cylinder_and_sphere_have_the_analytic_inertia(config: Config) -> None:
    model = compiled(
        config, thing("cylinder", radius=0.026, half_height=0.035), mass=0.1, scale=0.95
    )
    r, h = 0.95 * 0.026, 0.95 * 0.07
    expected = [0.1 * r * r / 2, *[0.1 * (3 * r * r + h * h) / 12] * 2]
    np.testing.assert_allclose(inertia(model), sorted(expected), rtol=1e-9)
    ball = compiled(config, thing("sphere", radius=0.03), mass=0.1, scale=0.95)
    np.testing.assert_allclose(inertia(ball), 0.4 * 0.1 * (0.95 * 0.03) ** 2, rtol=1e-9)


def test_scaled_mesh_is_its_hull(config: Config, tmp_path: Path) -> None:
    block = trimesh.creation.box(extents=(0.04, 0.06, 0.08))
    block.apply_translation([0.5, -0.2, 0.1])  # far from the file's origin
    spec = write(block, tmp_path / "block.stl")
    model = compiled(config, spec, mass=0.2, scale=1.05)
    expected = box_inertia(0.2, 1.05 * 0.04, 1.05 * 0.06, 1.05 * 0.08)
    np.testing.assert_allclose(inertia(model), expected, rtol=1e-6)
    np.testing.assert_allclose(model.body(OBJECT).ipos, 0.0, atol=1e-9)  # moved to its centroid
    np.testing.assert_allclose(ObjectModel(spec).extent, [0.04, 0.06, 0.08], atol=1e-7)


def test_a_bent_mesh_is_closed_by_its_hull(config: Config, tmp_path: Path) -> None:
    ring = trimesh.creation.annulus(r_min=0.02, r_max=0.03, height=0.04)
    model = ObjectModel(write(ring, tmp_path / "ring.obj"))
    assert model.closest(np.zeros(3))[2] < -0.015  # the hole counts as inside


@pytest.mark.parametrize("suffix", ["obj", "stl", "glb"])
def test_saved_objects_load_as_they_were(config: Config, tmp_path: Path, suffix: str) -> None:
    specs = [replace(spec, name=name) for name, spec in config.objects.items.items()]
    ball = write(trimesh.creation.icosphere(2, 0.03), tmp_path / f"ball.{suffix}")
    models = [ObjectModel(spec) for spec in specs] + [check_object(ball, config.objects.limits)]
    files = save_objects(models, tmp_path)
    pieces = {f"{model.name}.safetensors" for model in models}
    assert {path.name for path in files} == {"objects.json", *pieces}
    loaded = load_objects(tmp_path)
    assert set(loaded) == {*config.objects.items, "thing"}
    points = np.random.default_rng(0).uniform(-0.05, 0.05, (20, 3))
    for model in models:
        np.testing.assert_array_equal(loaded[model.name].extent, model.extent)
        for left, right in zip(
            loaded[model.name].closest(points), model.closest(points), strict=True
        ):
            np.testing.assert_array_equal(left, right)


def test_saving_twice_gives_equal_bytes(config: Config, tmp_path: Path) -> None:
    spec = write(trimesh.creation.icosphere(2, 0.03), tmp_path / "ball.stl")
    contents = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        files = save_objects([ObjectModel(spec)], folder)
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1]


def test_a_broken_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"objects\.json"):
        load_objects(tmp_path)
    (tmp_path / "objects.json").write_text(json.dumps({"a": {"name": "a"}}))
    with pytest.raises(UserError, match="make it again"):
        load_objects(tmp_path)


def refused(spec: Object, limits: Limits) -> str:
    with pytest.raises(UserError) as caught:
        check_object(spec, limits)
    message = str(caught.value)
    assert "\n" not in message
    assert "'thing'" in message
    return message


def turned_face() -> trimesh.Trimesh:
    box = trimesh.creation.box(extents=(0.04, 0.05, 0.06))
    box.faces[3] = box.faces[3][::-1]
    assert box.is_watertight
    return box


def open_box() -> trimesh.Trimesh:
    box = trimesh.creation.box(extents=(0.05, 0.05, 0.05))
    box.update_faces(np.arange(len(box.faces)) > 0)
    return box


def inside_out() -> trimesh.Trimesh:
    box = trimesh.creation.box(extents=(0.05, 0.05, 0.05))
    box.invert()
    return box


UNIT = "objects.items.thing.shape.unit"


@pytest.mark.parametrize(
    ("body", "said", "unsaid"),
    [
        (open_box(), "open (not watertight)", ""),
        (turned_face(), "turned inward", ""),  # before its volume is believed
        (inside_out(), "inside out", ""),
        (trimesh.creation.box(extents=(50.0, 50.0, 60.0)), f"{UNIT}=0.001 (millimetres)", ""),
        (trimesh.creation.box(extents=(6.0, 6.0, 8.0)), f"{UNIT}=0.01 (centimetres)", "0.001"),
        (trimesh.creation.box(extents=(5000.0,) * 3), f"{UNIT}=METRES", "millimetres"),
        (trimesh.creation.icosphere(5, 0.03), "objects.limits.max_mesh_mib", ""),
    ],
)
def test_a_mesh_that_cannot_be_simulated_is_refused(limits, tmp_path, body, said, unsaid) -> None:
    path = tmp_path / "body.obj"
    path.write_text(trimesh.exchange.obj.export_obj(body))
    message = refused(mesh(path), replace(limits, max_mesh_mib=0.5))
    assert said in message
    assert not unsaid or unsaid not in message


def test_a_missing_mesh_or_another_kind_of_file_is_refused(limits: Limits, tmp_path: Path) -> None:
    assert "is missing" in refused(mesh(tmp_path / "none.stl"), limits)
    (tmp_path / "part.step").write_text("ISO-10303-21;")
    assert "not one of .obj, .stl, .glb" in refused(mesh(tmp_path / "part.step"), limits)


@pytest.mark.parametrize("name", ["a.stl", "a.obj", "a.glb"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff not a mesh \n\x07" * 9])
def test_empty_or_unreadable_mesh(
    limits: Limits, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    message = refused(mesh(tmp_path / name), limits)
    assert "cannot be read" in message or "is empty" in message


def test_too_large_and_too_small(limits: Limits) -> None:
    assert "less than objects.limits.min_extent" in refused(thing("sphere", radius=0.001), limits)
    assert "more than objects.limits.max_extent" in refused(thing("sphere", radius=20.0), limits)


def test_parts_keep_a_ring_open_and_a_hull_closes_it(config: Config, tmp_path: Path) -> None:
    pytest.importorskip("coacd", reason="the extra `meshes` is not installed")
    ring = trimesh.creation.annulus(r_min=0.02, r_max=0.035, height=0.02)
    hull = ObjectModel(write(ring, tmp_path / "ring.obj"))
    parts = ObjectModel(mesh(tmp_path / "ring.obj", contact="parts"))
    assert len(hull.pieces) == 1
    assert len(parts.pieces) > 4
    middle = np.zeros(3)
    assert hull.closest(middle)[2] < 0.0
    assert parts.closest(middle)[2] == pytest.approx(0.02, abs=0.003)
    points = np.random.default_rng(0).uniform(-0.06, 0.06, (2000, 3))
    every = [piece.solid.closest(points - piece.position)[2] for piece in parts.pieces]
    np.testing.assert_allclose(parts.closest(points)[2], np.min(every, axis=0))
    again = save_objects([parts], tmp_path)
    loaded = load_objects(tmp_path)["thing"]
    assert len(loaded.pieces) == len(parts.pieces)
    np.testing.assert_array_equal(loaded.closest(middle)[0], parts.closest(middle)[0])
    assert len(again) == 2
    compiled(config, parts.spec, mass=0.1, scale=1.0)


def test_without_the_decomposition_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "coacd", None)
    write(trimesh.creation.box(extents=(0.04, 0.05, 0.06)), tmp_path / "box.stl")
    with pytest.raises(UserError, match=r"dexteritygen\[meshes\]") as caught:
        ObjectModel(mesh(tmp_path / "box.stl", contact="parts"))
    assert "\n" not in str(caught.value)


def test_a_fine_mesh_becomes_a_coarse_hull_close_to_it(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(5, 0.03)  # 10,242 corners
    model = ObjectModel(write(ball, tmp_path / "ball.stl"))
    assert len(model.pieces[0].solid.vertices) <= 512
    points, _ = model.sample_surface(500, np.random.default_rng(0))
    assert np.abs(np.linalg.norm(points, axis=1) - 0.03).max() < 0.0003


def test_a_mesh_in_millimetres_is_read_with_its_unit(limits: Limits, tmp_path: Path) -> None:
    box = trimesh.creation.box(extents=(50.0, 40.0, 60.0))
    spec = write(box, tmp_path / "mm.stl", unit=0.001)
    np.testing.assert_allclose(check_object(spec, limits).extent, [0.05, 0.04, 0.06], rtol=1e-6)

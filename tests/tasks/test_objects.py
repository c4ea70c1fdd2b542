"""The step `objects`: what it publishes loads again; files are part of its identity."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from configs.load import ConfigError, digest, load, plain, validate
from configs.schema.objects import Object, Objects, ObjectsStep
from configs.schema.pipeline import Config
from envs.objects import ObjectError, load_objects
from tasks.context import Context, Progress, make_scratch
from tasks.objects import objects
from tasks.store import open_store


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(
        identity="0" * 64,
        label="objects",
        store=open_store(tmp_path),
        home=tmp_path,
        scratch=make_scratch(tmp_path, "0" * 64),
        threads=1,
        progress=Progress("objects"),
        origin={"step": "objects"},
    )


def with_mesh(path: Path, radius: float = 0.03) -> Objects:
    trimesh.creation.icosphere(2, radius).export(path)
    plain_objects = load(Config).objects
    ball = Object(name="ball", shape="mesh", size=(), mesh=str(path), held_out=True)
    return replace(plain_objects, items=plain_objects.items | {"ball": ball})


def test_published_objects_load_again(context: Context, tmp_path: Path) -> None:
    step = ObjectsStep(objects=with_mesh(tmp_path / "ball.stl"))
    ref = objects(step, {}, context)
    loaded = load_objects(context.open(ref))
    assert set(loaded) == set(step.objects.items)
    assert loaded["ball"].spec.held_out
    np.testing.assert_allclose(loaded["ball"].extent, 0.06, rtol=0.03)
    assert objects(step, {}, context) == ref  # equal content, equal version


def test_a_file_with_new_content_is_a_new_step(tmp_path: Path) -> None:
    first = ObjectsStep(objects=with_mesh(tmp_path / "ball.stl"))
    assert first == ObjectsStep(objects=with_mesh(tmp_path / "ball.stl"))
    assert validate(ObjectsStep, plain(first), "request") == first
    second = ObjectsStep(objects=with_mesh(tmp_path / "ball.stl", radius=0.04))
    assert digest(first) != digest(second)


def test_a_file_that_changes_meanwhile_is_refused(context: Context, tmp_path: Path) -> None:
    step = ObjectsStep(objects=with_mesh(tmp_path / "ball.stl"))
    with_mesh(tmp_path / "ball.stl", radius=0.04)
    with pytest.raises(ObjectError, match="changed during the run"):
        objects(step, {}, context)


def test_a_missing_file_is_refused_by_the_step(context: Context, tmp_path: Path) -> None:
    step = ObjectsStep(objects=with_mesh(tmp_path / "ball.stl"))
    (tmp_path / "ball.stl").unlink()
    gone = ObjectsStep(objects=step.objects)
    assert gone.digests == {"ball": "missing"}
    with pytest.raises(ObjectError, match=r"object 'ball': mesh .* is missing"):
        objects(gone, {}, context)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"shape": "box", "size": [0.1], "mesh": None}, "3 numbers in size, not 1"),
        ({"shape": "mesh", "size": [], "mesh": None}, "file's path"),
        ({"shape": "sphere", "size": [0.1], "mesh": "a.stl"}, "file's path"),
        ({"shape": "sphere", "size": [-0.1], "mesh": None}, "greater than 0"),
    ],
)
def test_a_wrong_object_is_refused_by_name(values: dict, complaint: str) -> None:
    row = {"name": "ball", "held_out": False, **values}
    limits = {"max_extent": 0.5, "min_extent": 0.005, "max_mesh_mib": 50}
    with pytest.raises(ConfigError, match=complaint) as caught:
        validate(Objects, {"items": {"ball": row}, **limits}, "configuration")
    assert "items.ball" in str(caught.value)


def test_a_key_that_is_not_the_name_is_refused() -> None:
    rows = plain(load(Config).objects)
    rows["items"] = {"cube": rows["items"]["box"]}
    with pytest.raises(ConfigError, match="calls itself 'box'"):
        validate(Objects, rows, "configuration")

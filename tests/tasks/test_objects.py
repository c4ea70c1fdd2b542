"""The step `objects`: what it publishes loads again; files are part of its identity."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from configs.errors import UserError
from configs.load import digest, load, plain, validate
from configs.schema.objects import ObjectStep
from configs.schema.pipeline import Config
from envs.shapes.objects import load_objects
from tasks.objects import objects
from tasks.running.context import Context
from tests.contexts import make_context
from tests.things import mesh, thing


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return make_context(tmp_path, "0" * 64, "objects")


def ball(path: Path, radius: float = 0.03) -> ObjectStep:
    trimesh.creation.icosphere(2, radius).export(path)
    return ObjectStep(item=mesh(path, "ball"), limits=load(Config).objects.limits)


def test_a_published_object_loads_again(context: Context, tmp_path: Path) -> None:
    step = ball(tmp_path / "ball.stl")
    ref = objects(step, {}, context)
    (loaded,) = load_objects(context.open(ref)).values()
    assert loaded.spec == thing("mesh", "ball", file="ball.stl", unit=1.0, contact="hull")
    np.testing.assert_allclose(loaded.extent, 0.06, rtol=0.03)
    assert objects(step, {}, context) == ref  # equal content, equal version


def test_a_file_with_new_content_is_a_new_step(tmp_path: Path) -> None:
    first = ball(tmp_path / "ball.stl")
    assert first == ball(tmp_path / "ball.stl")
    assert validate(ObjectStep, plain(first), "request") == first
    assert digest(first) != digest(ball(tmp_path / "ball.stl", radius=0.04))


def test_a_file_that_changes_meanwhile_is_refused(context: Context, tmp_path: Path) -> None:
    step = ball(tmp_path / "ball.stl")
    ball(tmp_path / "ball.stl", radius=0.04)
    with pytest.raises(UserError, match="changed during the run"):
        objects(step, {}, context)


def test_a_missing_file_is_refused_by_the_step(context: Context, tmp_path: Path) -> None:
    step = ball(tmp_path / "ball.stl")
    (tmp_path / "ball.stl").unlink()
    gone = ObjectStep(item=step.item, limits=step.limits)
    assert gone.digest == "missing"
    with pytest.raises(UserError, match=r"object 'ball': mesh .* is missing"):
        objects(gone, {}, context)

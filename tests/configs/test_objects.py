"""Object sets: shapes by their kind, random members, names that are clear."""

import math
from dataclasses import replace
from typing import Any

import pytest

from configs.load import ConfigError, load, plain, validate
from configs.schema.objects import Objects
from configs.schema.pipeline import Config
from configs.schema.random_objects import RandomObjects
from configs.schema.shapes import Superquadric
from envs.shapes.pieces import make_solid
from tests.things import thing

KINDS = ("box", "sphere", "cylinder", "capsule", "ellipsoid", "prism", "superquadric")
RANDOM = RandomObjects(
    count=70,
    seed=3,
    kinds=KINDS,
    size=(0.03, 0.06),
    aspect=2.0,
    sides=(3, 8),
    exponents=(0.2, 1.8),
    held_out_every=10,
)


@pytest.fixture
def rows() -> dict[str, Any]:
    return plain(load(Config).objects)


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        ({"kind": "box", "half": [0.1]}, "shape.half"),
        ({"kind": "teapot"}, "does not match any of the expected tags"),
        ({"kind": "mesh", "file": "a.stl", "contact": "hull"}, "shape.unit"),
        ({"kind": "sphere", "radius": 0.1, "half": 1}, "shape.half"),
        ({"kind": "sphere", "radius": -0.1}, "greater than 0"),
        ({"kind": "superquadric", "half": [0.1] * 3, "exponents": [1, 2.5]}, "exponents"),
        ({"kind": "tool", "parts": {}, "slide": None}, "shape.parts"),
    ],
)
def test_a_wrong_shape_is_refused_by_name(
    rows: dict[str, Any], shape: dict[str, Any], complaint: str
) -> None:
    rows["items"]["ball"] = {"name": "ball", "held_out": False, "shape": shape}
    with pytest.raises(ConfigError, match=r"items\.ball") as caught:
        validate(Objects, rows, "configuration")
    assert complaint in str(caught.value)


def test_a_tool_says_how_its_parts_slide() -> None:
    rod = {"shape": {"kind": "capsule", "radius": 0.01, "half_height": 0.03}}
    part = {**rod, "position": (0, 0, 0)}
    slide = {"range": (-0.01, 0.01), "friction": 1.0}
    for slides, how, complaint in (
        ((False, True), None, "null without any"),
        ((False, False), slide, "null without any"),
        ((True, True), slide, "must hold"),
        ((False, True), {**slide, "range": (0.0, 0.0)}, "lets nothing slide"),
    ):
        parts = {f"part_{i}": {**part, "slides": value} for i, value in enumerate(slides)}
        with pytest.raises(ConfigError, match=complaint):
            thing("tool", parts=parts, slide=how)


def test_a_key_that_is_not_the_name_is_refused(rows: dict[str, Any]) -> None:
    rows["items"] = {"cube": rows["items"]["box"]}
    with pytest.raises(ConfigError, match="calls itself 'box'"):
        validate(Objects, rows, "configuration")


def test_no_object_at_all_is_refused(rows: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="no object"):
        validate(Objects, rows | {"items": {}}, "configuration")


def test_more_random_objects_leave_the_first_as_they_are() -> None:
    fewer, more = ([replace(RANDOM, count=n).draw(i) for i in range(n)] for n in (10, 70))
    assert fewer == more[:10]
    assert fewer != [replace(RANDOM, seed=4).draw(i) for i in range(10)]
    assert len({name for name, _, _ in more}) == 70
    assert [i for i, (_, _, held_out) in enumerate(more) if held_out] == list(range(9, 70, 10))
    kinds = [name.rpartition("_")[0] for name, _, held_out in more if held_out]
    assert set(kinds) == set(KINDS)  # of every kind, one is kept for the test


def test_random_objects_keep_to_size_and_aspect() -> None:
    for index in range(RANDOM.count):
        _, shape, _ = RANDOM.draw(index)
        edges = make_solid(shape).extent
        assert edges.max() / edges.min() < 2.0 * 1.35  # a prism is wide at its corners
        assert 0.02 < math.prod(edges) ** (1 / 3) < 0.065
        if isinstance(shape, Superquadric):
            assert all(0.2 <= value <= 1.8 for value in shape.exponents)


def test_random_objects_are_members_beside_named_ones(rows: dict[str, Any]) -> None:
    rows["random"] = plain(RANDOM)
    members = validate(Objects, rows, "configuration").members
    assert list(members)[: len(rows["items"])] == list(rows["items"])
    assert len(members) == len(rows["items"]) + 70
    rows["items"]["box_0000"] = rows["items"]["box"] | {"name": "box_0000"}
    with pytest.raises(ConfigError, match="name of a random one"):
        validate(Objects, rows, "configuration")

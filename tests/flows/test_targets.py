"""Objects on the command line: names, mesh files, and what is neither."""

from pathlib import Path

import pytest

from configs.load import ConfigError, load
from configs.schema.pipeline import Config
from flows.plan import plan
from flows.targets import resolve, split


def test_overrides_hold_an_equals_sign_or_take_away():
    words = ["box", "grasps.count=5", "~task.styles.slow", "+a=b", "cup.stl"]
    assert split(words) == (["box", "cup.stl"], ["grasps.count=5", "~task.styles.slow", "+a=b"])


def test_a_mesh_file_becomes_an_object_whose_unit_an_override_may_say(tmp_path: Path):
    file = tmp_path / "My Cup-2.STL"
    file.write_bytes(b"")
    names, overrides = resolve([str(file)], ["objects.items.mesh_my_cup_2.shape.unit=0.001"])
    assert names == ["mesh_my_cup_2"]
    item = load(Config, overrides).objects.members[names[0]]
    assert item.mesh is not None
    assert item.mesh.file == str(file)
    assert item.mesh.unit == 0.001
    assert not item.held_out


@pytest.mark.parametrize(
    ("target", "named"),
    [("teapot", "one of box, sphere"), ("/no/cup.stl", "no such mesh file"), ("cup.step", ".obj")],
)
def test_what_is_neither_is_one_line(target: str, named: str):
    with pytest.raises(ConfigError, match=named):
        resolve([target], [])


def test_a_plan_of_one_object_has_nothing_of_the_others():
    nodes = plan(load(Config), "grasps", ["capsule"])
    assert [node.label for node in nodes] == ["objects/capsule", "grasps/capsule"]

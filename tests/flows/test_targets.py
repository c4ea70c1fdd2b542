"""Objects on the command line: names, mesh files, and what is neither."""

from pathlib import Path

import pytest
import trimesh

from configs.errors import UserError
from configs.load import ConfigError, load
from configs.schema.pipeline import Config
from flows.commands.targets import check_meshes, resolve, split


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


@pytest.mark.parametrize("name", ["a=b.stl", "it's.stl", "my cup.stl"])
def test_any_file_name_will_do(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"")
    targets, overrides = split([str(tmp_path / name), "seed=1"])
    names, whole = resolve(targets, overrides)
    item = load(Config, whole).objects.members[names[0]]
    assert item.mesh is not None
    assert item.mesh.file == str(tmp_path / name)


def test_two_files_of_one_name_are_refused(tmp_path: Path):
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cup.stl").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"one/cup\.stl and .*other/cup\.stl would both be"):
        resolve([str(tmp_path / "one/cup.stl"), str(tmp_path / "other/cup.stl")], [])


def test_a_mesh_is_looked_at_before_anything_starts(tmp_path: Path):
    trimesh.creation.box((50.0, 50.0, 50.0)).export(tmp_path / "cup.stl")
    names, overrides = resolve([str(tmp_path / "cup.stl")], [])
    with pytest.raises(UserError, match=r"shape\.unit=0\.001 \(millimetres\)"):
        check_meshes(load(Config, overrides), names)
    said = check_meshes(
        load(Config, [*overrides, "objects.items.mesh_cup.shape.unit=0.001"]), ["mesh_cup", "box"]
    )
    assert len(said) == 1
    assert "its convex hull is what touches" in said[0]


@pytest.mark.parametrize(
    ("target", "named"),
    [("teapot", "one of box, sphere"), ("/no/cup.stl", "no such mesh file"), ("cup.step", ".obj")],
)
def test_what_is_neither_is_one_line(target: str, named: str):
    with pytest.raises(ConfigError, match=named):
        resolve([target], [])

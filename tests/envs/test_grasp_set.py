"""The grasp file: equal bytes, round trip, refusal of another layout, renumbered selections."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from configs.errors import UserError
from configs.layout import LayoutMismatch
from configs.load import load
from configs.schema.pipeline import Config
from envs.grasp_set import Contacts, GraspSet


def make_set(count: int, joints: int, fingers: int) -> GraspSet:
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray:
        return rng.random(shape).astype(np.float32)

    contacts = Contacts(
        finger=rng.integers(-1, fingers, (count, fingers)).astype(np.int8),
        link=rng.integers(-1, joints, (count, fingers)).astype(np.int8),
        point=draw(count, fingers, 3),
        normal=draw(count, fingers, 3),
        force=draw(count, fingers),
    )
    neighbours = np.array([[1, 2], [2, -1], [0, 1], [2, 0]], dtype=np.int32)[:count]
    return GraspSet(
        object="box",
        joint_position=draw(count, joints),
        joint_target=draw(count, joints),
        object_pose=draw(count, 7),
        contacts=contacts,
        quality=draw(count),
        parent=np.array([-1, 0, 0, 1], dtype=np.int32)[:count],
        neighbours=neighbours,
    )


@pytest.fixture(scope="module")
def layout():
    return load(Config).embodiment.make_layout()


@pytest.fixture
def grasps(layout) -> GraspSet:
    return make_set(4, layout.num_joints, layout.num_tips)


def test_round_trip_and_equal_bytes(grasps: GraspSet, layout, tmp_path: Path):
    grasps.save(tmp_path / "a.safetensors", layout)
    read = GraspSet.load(tmp_path / "a.safetensors", layout)
    read.save(tmp_path / "b.safetensors", layout)
    assert read.object == "box"
    assert np.array_equal(read.neighbours, grasps.neighbours)
    assert np.array_equal(read.contacts.point, grasps.contacts.point)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.safetensors", "b.safetensors"]


def test_another_layout_is_refused(grasps: GraspSet, layout, tmp_path: Path):
    grasps.save(tmp_path / "a.safetensors", layout)
    with pytest.raises(LayoutMismatch, match=r"a\.safetensors"):
        GraspSet.load(tmp_path / "a.safetensors", dataclasses.replace(layout, control_hz=10.0))


@pytest.mark.parametrize("content", [None, b"", b"not safetensors at all"])
def test_no_grasp_file_is_one_line(content: bytes | None, layout, tmp_path: Path):
    path = tmp_path / "a.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.safetensors") as error:
        GraspSet.load(path, layout)
    assert "\n" not in str(error.value)


def test_selection_renumbers_links(grasps: GraspSet):
    chosen = grasps.select(np.array([0, 2, 3]))
    # 1 is left out: 0 -> [1, 2] keeps 2, now number 1; pads go last.
    assert chosen.neighbours.tolist() == [[1, -1], [0, -1], [1, 0]]
    assert chosen.parent.tolist() == [-1, 0, -1]
    assert np.array_equal(chosen.quality, grasps.quality[[0, 2, 3]])

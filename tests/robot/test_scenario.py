"""The bundle's scenario: verified bytes, and an object that is a mesh."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from configs.errors import UserError
from envs.shapes.objects import OBJECT
from models.bundle import PIECES, SCENARIO, BundleError, open_bundle
from robot.trials.trials import TwinStage
from tests.things import mesh
from tests.tiny_bundle import make_bundle, write_grasps

NAME = "pebble"


@pytest.fixture
def pebble(channel, tmp_path):
    """Return (bundle whose object is a mesh, the mesh: a stretched icosphere)."""
    trimesh = pytest.importorskip("trimesh", reason="the mesh is made with trimesh")
    body = trimesh.creation.icosphere(subdivisions=1, radius=0.03)
    body.apply_scale([1.0, 0.8, 0.6])
    body.export(tmp_path / "pebble.obj")
    item = mesh(tmp_path / "pebble.obj", NAME)
    bundle = make_bundle(tmp_path / "bundle", channel.config().embodiment, scenario=item)
    return bundle, body


def test_a_mesh_is_pulled_and_run_without_trimesh(channel, pebble):
    channel = replace(channel, bundle=pebble[0])
    channel.publish(1)
    code = (
        "import sys; from robot.cli import main; "
        "print(main(sys.argv[1:]), 'trimesh' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "run", *channel.overrides("robot.realtime_s=0.2")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "0 False", run.stderr
    figures = json.loads((channel.home / "robot" / "twin.json").read_text())
    assert figures["holds"]["assisted"]["total_s"] > 0
    assert figures["bundle"] == pebble[0].hash


def test_a_mesh_is_simulated_as_its_hull(channel, pebble):
    bundle, body = pebble
    stage = TwinStage(channel.config(), bundle)
    model = stage.twin.model
    assert model.geom(f"{OBJECT}_body").type == mujoco.mjtGeom.mjGEOM_MESH
    mass = channel.config().physics.object_mass
    expected = np.linalg.eigvalsh(body.moment_inertia) * mass / body.volume
    np.testing.assert_allclose(np.sort(model.body(OBJECT).inertia), expected, rtol=1e-4)
    # it rests on the palm instead of falling through
    grasps, down = stage.grasps, np.array([0.0, 0.0, -1.0])
    stage.twin.reset(
        grasps.joint_position[0], grasps.joint_target[0], grasps.object_pose[0], stage._rng(0, 0)
    )
    stage.twin._wrist = replace(stage.twin._wrist, gravity=down, speed=0.0)
    touched = 0
    for _ in range(20):
        stage.twin.write(grasps.joint_target[0])
        touched += stage.twin.data.ncon > 0
    assert touched
    assert not stage.twin.diverged()


@pytest.mark.parametrize("name", [SCENARIO, PIECES])
def test_what_changed_after_opening_is_not_loaded(channel, pebble, name):
    bundle = pebble[0]
    path = bundle.folder / name
    if name == SCENARIO:  # another valid file
        write_grasps(path, channel.config().embodiment, count=2)
    else:
        shutil.copyfile(bundle.folder / SCENARIO, path)
    with pytest.raises(BundleError, match=name):
        TwinStage(channel.config(), bundle)


def test_pieces_that_are_none_are_one_line(channel, pebble, tmp_path):
    bundle = make_bundle(
        tmp_path / "broken",
        channel.config().embodiment,
        scenario=mesh(tmp_path / "pebble.obj", NAME),
        more={PIECES: tmp_path / "pebble.obj"},
    )
    with pytest.raises(UserError, match=f"{PIECES}: not the pieces of '{NAME}'") as error:
        TwinStage(channel.config(), open_bundle(bundle.folder, None))
    assert "\n" not in str(error.value)

"""The bundle's scenario: verified bytes, and an object that is a mesh."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from configs.errors import UserError
from models.bundle import PIECES, SCENARIO, BundleError, open_bundle
from robot.trials.trials import TwinStage
from tests.things import mesh
from tests.tiny_bundle import make_bundle, write_grasps

NAME = "pebble"


@pytest.fixture
def pebble(channel, tmp_path):
    """Return a bundle whose object is a mesh: a stretched icosphere."""
    trimesh = pytest.importorskip("trimesh", reason="the mesh is made with trimesh")
    body = trimesh.creation.icosphere(subdivisions=1, radius=0.03)
    body.apply_scale([1.0, 0.8, 0.6])
    body.export(tmp_path / "pebble.obj")
    item = mesh(tmp_path / "pebble.obj", NAME)
    return make_bundle(tmp_path / "bundle", channel.config().embodiment, scenario=item)


def test_a_mesh_is_pulled_and_run_without_trimesh(channel, pebble):
    channel = replace(channel, bundle=pebble)
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
    assert figures["bundle"] == pebble.hash


@pytest.mark.parametrize("name", [SCENARIO, PIECES])
def test_what_changed_after_opening_is_not_loaded(channel, pebble, name):
    bundle, path = pebble, pebble.folder / name
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

"""The step as a whole: what it publishes, kills, and objects that nobody can hold."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from configs.errors import UserError
from configs.load import load
from configs.schema.grasps import Wrench
from configs.schema.objects import Object
from configs.schema.pipeline import Config
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel
from tasks.grasps.analysis import analyse
from tasks.grasps.grasps import NoGraspsError, grasps
from tasks.grasps.search import STAGES
from tasks.running.context import Progress
from tests.tasks.grasps.setting import make_context, make_step, publish_objects, tiny
from tests.things import thing


@pytest.mark.parametrize(
    ("hand", "name"), [("allegro", "box"), ("allegro", "sphere"), ("trident", "cylinder")]
)
def test_every_object_yields_linked_grasps(hand: str, name: str, tmp_path: Path):
    config = load(Config, ["profile=smoke", f"hand={hand}"])
    settings = tiny(config.grasps)
    refs = {"objects/all": publish_objects(config, tmp_path)}
    context = make_context(tmp_path, "grasps")
    ref = grasps(make_step(config, name, settings), refs, context)
    folder = context.open(ref)
    layout = config.embodiment.make_layout()
    made = GraspSet.load(folder / "grasps.safetensors", layout)
    assert len(made) >= settings.count
    assert ((made.neighbours >= 0).any(axis=1)).mean() >= 0.95
    assert made.joint_position.shape == (len(made), layout.num_joints)
    assert np.abs(made.joint_target - made.joint_position).max() <= layout.target_margin + 1e-5
    assert made.neighbours.shape[1] == config.task.goals.neighbours
    assert made.parent.max() < len(made)
    touching = made.contacts.finger >= 0
    assert (touching.sum(axis=1) >= 2).all()
    assert (made.contacts.force[~touching] == 0).all()
    yields = json.loads((folder / "yields.json").read_text())
    assert yields["grasps"] == len(made)
    for counts in yields["funnel"].values():
        assert list(counts) == list(STAGES)
        assert list(counts.values()) == sorted(counts.values(), reverse=True)


def test_with_friction_and_torques_every_grasp_cancels_its_wrench(allegro: Config, tmp_path: Path):
    wrench = Wrench(friction=0.1, edges=4, length=0.03, iterations=200)
    gentle = dataclasses.replace(allegro.grasps.validation, pushes=False)
    settings = tiny(allegro.grasps, wrench=wrench, validation=gentle)
    refs = {"objects/all": publish_objects(allegro, tmp_path)}
    context = make_context(tmp_path, "wrench")
    ref = grasps(make_step(allegro, "box", settings), refs, context)
    made = GraspSet.load(context.open(ref) / "grasps.safetensors", allegro.embodiment.make_layout())
    assert len(made) >= settings.count
    touching = made.contacts.finger >= 0
    points, normals = made.contacts.point.astype(float), made.contacts.normal.astype(float)
    normals[~touching] = (0.0, 0.0, 1.0)
    stable, quality, _ = analyse(points, normals, touching, settings)
    assert stable.all()
    assert made.quality == pytest.approx(quality, abs=1e-4)


def test_a_tool_with_a_sliding_part_is_held(tmp_path: Path):
    quick = ("grasps.validation.slots=32", "grasps.validation.hold_s=2")
    config = load(Config, ["objects=tools", *quick])
    refs = {"objects/all": publish_objects(config, tmp_path)}
    context = make_context(tmp_path, "syringe")
    settings = tiny(config.grasps, sampling=config.grasps.sampling, count=8, sampled=3)
    ref = grasps(make_step(config, "syringe", settings), refs, context)
    made = GraspSet.load(context.open(ref) / "grasps.safetensors", config.embodiment.make_layout())
    assert len(made) >= settings.count
    # contacts lie on the tool's surface, which is neither its hull's nor one part's
    touching = made.contacts.finger >= 0
    points = made.contacts.point[touching].astype(float)
    distance = ObjectModel(config.objects.items["syringe"]).closest(points)[2]
    assert np.abs(distance).max() < 1e-5


class Killed(Exception):
    pass


@dataclasses.dataclass
class KillingProgress(Progress):
    """Ends the step, as a kill would, when it says for the third time how far it is."""

    calls: int = 0

    def __call__(self, done: float, total: float, unit: str) -> None:
        self.calls += 1
        if self.calls == 3:
            raise Killed


def test_a_killed_run_goes_on_to_the_same_grasps_on_other_threads(allegro: Config, tmp_path: Path):
    step = make_step(allegro, "sphere", tiny(allegro.grasps, count=30))
    refs = {"objects/all": publish_objects(allegro, tmp_path)}
    whole = grasps(step, refs, make_context(tmp_path, "whole"))
    context = make_context(tmp_path, "killed")
    with pytest.raises(Killed):
        grasps(step, refs, dataclasses.replace(context, progress=KillingProgress("killed")))
    batches = sorted(path.name for path in context.scratch.iterdir())
    assert len(batches) == 3
    (context.scratch / "expansion_00099.1.tmp").write_bytes(b"half a batch")
    first = (context.scratch / batches[0]).stat().st_mtime_ns
    resumed = grasps(step, refs, dataclasses.replace(context, threads=2))
    assert (context.scratch / batches[0]).stat().st_mtime_ns == first
    one, other = context.open(whole), context.open(resumed)
    for name in ("grasps.safetensors", "yields.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def with_object(config: Config, spec: Object) -> Config:
    items = {**config.objects.items, spec.name: spec}
    return dataclasses.replace(config, objects=dataclasses.replace(config.objects, items=items))


def test_a_cube_of_30_cm_ends_with_the_stage_that_rejected_it(allegro: Config, tmp_path: Path):
    cube = thing("box", "cube", half=(0.15,) * 3)
    changed = with_object(allegro, cube)
    refs = {"objects/all": publish_objects(changed, tmp_path)}
    with pytest.raises(NoGraspsError, match=r"stage '(\w+)' rejected all \d+") as error:
        grasps(make_step(changed, "cube"), refs, make_context(tmp_path, "grasps"))
    assert "30.0 cm" in str(error.value)
    assert "\n" not in str(error.value)
    batches = list((tmp_path / "scratch" / "grasps").glob("*.safetensors"))
    assert len(batches) == allegro.grasps.sampling.barren_batches


def test_an_unknown_object_is_named(allegro: Config, tmp_path: Path):
    refs = {"objects/all": publish_objects(allegro, tmp_path)}
    with pytest.raises(UserError, match=r"unknown 'teapot'.*box"):
        grasps(make_step(allegro, "teapot"), refs, make_context(tmp_path, "grasps"))

"""The step on a tiny real world: untrained expert, and a controller that holds its last target."""

import json
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest
from safetensors.numpy import load_file

from configs.load import ConfigError
from configs.refs import Ref
from configs.schema.evaluate import Direct, Pairs
from configs.schema.perturbations import Noise
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel, save_objects
from models.strength import KEYS
from tasks.evaluation.evaluate import evaluate
from tasks.evaluation.inputs import arrange
from tasks.evaluation.metrics import OVERRIDES
from tasks.store import open_store
from tests.contexts import Interrupted, Stopping
from tests.tasks.evaluation.laboratory import HELD_OUT, Laboratory
from tests.tiny_bundle import SPHERE

CURVE = ["unassisted", "scaled_0.6", "scaled_0.4", "scaled_0.2", "scaled_0.1", "zero"]
VARIANTS = [*CURVE, "low_pass_0.2", "low_pass_1.0", "critic_gain", "paper", "guarded", "student"]
BOTH = {
    "unassisted": Direct(kind="direct", gain=1.0),
    "zero": Direct(kind="direct", gain=0.0),
}
# Nothing in these is about the hand, and this one has fewer fingers.
ONE_HAND = pytest.mark.parametrize("laboratory", ["trident"], indirect=True)


def figures(made: Path) -> dict:
    return json.loads((made / "evaluation.json").read_text())


@pytest.fixture(scope="module")
def result(laboratory) -> Path:
    return laboratory.run("first")


def test_every_perturbation_and_variant_has_its_figures(laboratory, result):
    report = figures(result)
    table = report["evaluation"]
    assert tuple(table) == laboratory.step.evaluate.perturbations
    for cells in table.values():
        assert list(cells) == [*VARIANTS, "assisted"]
        assert cells["assisted"] == cells["paper"]
        for cell in cells.values():
            assert cell["time_s"] == 2 * 3 * 1.0
            assert -1.0 <= cell["intention"] <= 1.0
            assert cell["hold_s_low"] <= cell["hold_s"]
    settings = report["settings"]
    assert settings["assisted"] == "paper"
    strengths = {name: tuple(settings[key][name] for key in KEYS) for name in settings["guidance"]}
    assert strengths == {
        "critic_gain": (0.0, 0.75, 0.5, 0.25, 1.0, 1.0),
        "paper": (0.0, 1.0, 1.0, 1.0, 0.2, 0.0),
        "guarded": (1.0, 0.75, 0.5, 0.25, 0.1, 0.875),
        "student": (1.0, 0.75, 0.5, 1.0, 1.0, 1.0),
    }
    assert settings["objects"] == {"held_out": [HELD_OUT.name], "training": [SPHERE.name]}
    assert settings["task"]["drop_distance"] == laboratory.step.world.task.drop_distance
    assert settings["control"]["hz"] == laboratory.step.world.embodiment.control.hz
    assert "initial_joint_noise" in settings["randomization"]
    assert len(settings["world"]) == 64
    assert len(report["bundle_hash"]) == 64


def test_the_result_is_the_held_out_objects_and_the_others_stand_beside(result):
    report = figures(result)
    assert report["evaluation"] == report["by_split"]["held_out"]
    assert list(report["by_object"]) == [HELD_OUT.name, SPHERE.name]
    for name, split in ((HELD_OUT.name, "held_out"), (SPHERE.name, "training")):
        one = report["by_object"][name]
        assert one["split"] == split
        assert one["evaluation"] == report["by_split"][split]  # the only object of its split
    counts = load_file(result / "counts.safetensors")
    for split, pairs in (("held_out", slice(0, 3)), ("training", slice(3, 5))):
        cell = report["by_split"][split]["correlated"]["unassisted"]
        assert cell["drops"] == counts["drops"][:, 2, 0, pairs].sum()
        assert cell["time_s"] == counts["time_s"][:, 2, 0, pairs].sum()


@ONE_HAND
def test_a_run_without_held_out_objects_judges_the_training_ones(laboratory):
    pairs = Pairs(held_out=0, training=2)
    step = laboratory.changed(pairs=pairs, judged="training", windows=1)
    made = laboratory.run("training", step)
    report = figures(made)
    assert list(report["by_split"]) == ["training"]
    assert report["evaluation"]["noisy_2.0"]["paper"]["time_s"] == 2.0
    assert report["settings"]["objects"]["held_out"] == [HELD_OUT.name]  # known, not judged


def test_counts_are_kept_for_each_window_and_pair(result):
    counts = load_file(result / "counts.safetensors")
    assert counts["drops"].shape == (2, 5, len(VARIANTS), 5)
    assert (counts["time_s"] == 1.0).all()
    assert (counts["segments"] <= 2).all()  # two of half a second in each window
    assert (np.abs(counts["cosine"]) <= counts["segments"]).all()
    first, drops = counts["first_s"], counts["drops"]
    assert (first[drops == 0] == 1.0).all()
    assert (first > 0).all()
    assert (first <= 1.0).all()


def test_contacts_are_judged_once_a_withdrawal_and_where_fingers_are_withdrawn(result):
    """One second is one withdrawal of a second: its last step is the window's last."""
    counts = load_file(result / "counts.safetensors")
    asked, kept, drops = (counts[name] for name in ("asked", "kept", "drops"))
    assert (asked[:, :-1] == 0).all()  # the last perturbation withdraws
    assert (asked[:, -1][drops[:, -1] == 0] == 1).all()
    assert (kept <= asked).all()
    report = figures(result)
    assert report["evaluation"]["noisy_2.0"]["paper"]["contacts_kept"] is None


def test_ratios_have_their_intervals_and_others_their_place_on_the_scaled_curve(result):
    report = figures(result)
    still = {"hold_of_still", "median_of_still", "drops_above_still"}
    for cells in report["ratios"].values():
        assert set(cells) == set(VARIANTS)
        for name, cell in cells.items():  # the command itself is held against the still hand only
            bare = {"hold", "goals_per_drop", "goals_per_min"} if name != "unassisted" else set()
            assert set(cell) == bare | (still if name != "zero" else set())
    for cells in report["matched"].values():
        assert set(cells) == set(VARIANTS) - set(CURVE)


def test_every_answer_has_its_figures_with_one_setting_for_all(laboratory, result):
    report = figures(result)
    found, table = report["one_setting"], report["evaluation"]
    assert set(found) == {*VARIANTS, "assisted", "vs_scaled"}
    for name in VARIANTS:
        holds = [cells[name]["hold_s"] for cells in table.values()]
        assert found[name]["hold_s"] == pytest.approx(np.exp(np.mean(np.log(holds))))
        assert found[name]["worst_family"]["name"] in table
    assert found["vs_scaled"] == found["paper"]["vs_scaled"]
    assert "one_setting_unseen" not in report  # none is left out of this laboratory's training


def test_recordings_show_both_hands_at_every_tick(laboratory, result):
    clips = json.loads((result / "clips.json").read_text())
    assert len(clips) == len(laboratory.step.evaluate.clips)
    for clip in clips:
        assert list(clip["runs"]) == ["unassisted", "paper"]  # the tiny bundle's default
        for run in clip["runs"].values():
            ticks = round(0.5 * clip["hz"])
            assert len(run["states"]) == len(run["dropped"]) == ticks
        scene = mujoco.MjModel.from_xml_string(clip["scene"])
        assert {len(state) for state in clip["runs"]["paper"]["states"]} == {scene.nq}


@ONE_HAND
def test_a_killed_evaluation_goes_on_to_equal_bytes_on_any_number_of_threads(laboratory, result):
    """Killed in the second of its windows, of a second each."""
    step, context = laboratory.step, laboratory.context("killed", threads=2)
    refs = laboratory.refs | laboratory.bare("killed", step, 2)
    stopping = Stopping("evaluate", at=step.world.embodiment.control.hz + 1)
    with pytest.raises(Interrupted):
        evaluate(step, refs, replace(context, progress=stopping))
    (measured,) = context.scratch.glob("window_*")
    before = measured.stat().st_mtime_ns
    again = context.open(evaluate(step, refs, context))
    assert measured.stat().st_mtime_ns == before  # what was measured before is there
    for name in ("evaluation.json", "counts.safetensors", "clips.json"):
        assert (again / name).read_bytes() == (result / name).read_bytes()


@ONE_HAND
def test_variants_that_do_the_same_are_paired_to_the_last_bit(laboratory):
    twice = {**BOTH, "same": BOTH["unassisted"]}
    made = laboratory.run("paired", laboratory.changed(variants=twice, windows=1))
    for values in load_file(made / "counts.safetensors").values():
        np.testing.assert_array_equal(values[:, :, 0], values[:, :, 2])
    report = figures(made)
    for cells in report["ratios"].values():
        assert cells["same"]["hold"] == {"value": 1.0, "low": 1.0, "high": 1.0}


@ONE_HAND
def test_the_holding_controller_is_the_zero_command(laboratory):
    """The tiny bundle answers every command with no change, as a gain of zero does."""
    variants = {**BOTH, "paper": laboratory.step.evaluate.variants["paper"]}
    step = laboratory.changed(variants=variants, windows=1)
    counts = load_file(laboratory.run("zero", step) / "counts.safetensors")
    for name in counts.keys() - set(OVERRIDES):  # who is not asked overrides nothing
        values = counts[name]
        np.testing.assert_array_equal(values[:, :, 1], values[:, :, 2])


def distant_grasps(laboratory: Laboratory) -> dict[str, Ref]:
    """Publish grasps that lie far from each other in joint space."""
    layout = laboratory.step.world.embodiment.make_layout()
    store, name = open_store(laboratory.home), f"grasps/{SPHERE.name}"
    grasps = GraspSet.load(store.open(laboratory.refs[name]) / "grasps.safetensors", layout)
    spread = np.linspace(0.0, 0.7, len(grasps), dtype=np.float32)[:, None]
    far = grasps.joint_position[:1] + spread
    file = laboratory.home / "work" / "far" / "grasps.safetensors"
    file.parent.mkdir(exist_ok=True)
    replace(grasps, joint_position=far, joint_target=far).save(file, layout)
    return laboratory.refs | {name: store.publish({file.name: file}, "far", {}, ())}


@ONE_HAND
def test_a_clean_command_is_followed_and_a_withheld_one_is_not(laboratory):
    """With drops ruled out the hand is free to move: intention is what the variants differ in."""
    step = laboratory.step
    still = replace(step.world.randomization, initial_joint_noise=(0.0, 0.0))
    task = replace(step.world.task, drop_distance=1e6)
    world = replace(step.world, task=task, randomization=still)
    config = laboratory.changed(
        pairs=Pairs(held_out=0, training=3),
        judged="training",
        perturbations=("clean",),
        library=step.evaluate.library | {"clean": Noise(kind="noise", amplitude=0.0)},
        variants=BOTH | {"half": Direct(kind="direct", gain=0.5)},
    )
    far = replace(laboratory, refs=distant_grasps(laboratory))
    report = json.loads(
        (far.run("clean", replace(config, world=world)) / "evaluation.json").read_text()
    )
    cells = report["evaluation"]["clean"]
    assert all(cell["drops"] == 0 and cell["hold_s_high"] is None for cell in cells.values())
    assert cells["unassisted"]["intention"] > 0.5
    assert cells["zero"]["intention"] < 0.1
    gains = [cells[name]["intention_gain"] for name in ("unassisted", "half", "zero")]
    assert gains[1] == pytest.approx(gains[0] / 2, rel=0.15)
    assert gains[2] == pytest.approx(0.0, abs=0.02)
    assert "assisted" not in cells


@ONE_HAND
def test_pairs_of_a_split_that_has_no_object_are_refused(laboratory):
    work = laboratory.home / "work" / "alone"
    work.mkdir(exist_ok=True)
    files = {file.name: file for file in save_objects([ObjectModel(SPHERE)], work)}
    alone = open_store(laboratory.home).publish(files, "alone", {}, ())
    with pytest.raises(ConfigError, match=r"evaluate\.pairs\.held_out: there is no such object"):
        replace(laboratory, refs=laboratory.refs | {"objects/all": alone}).run("bad")


@ONE_HAND
def test_every_object_of_a_split_is_commanded_by_every_expert(laboratory):
    other, pairs = replace(SPHERE, name="bead"), Pairs(held_out=2, training=5)
    made = arrange(4, 3, pairs, [other, HELD_OUT, SPHERE], experts=2)
    assert made.objects == (1, 1, 0, 2, 0, 2, 0)
    assert made.experts == (0, 1, 0, 0, 1, 1, 0)
    assert made.environments == 4 * 3 * 7
    assert made.spread(made.objects)[7:14].tolist() == list(made.objects)


@ONE_HAND
def test_who_drops_at_every_step_first_drops_at_the_first_and_withdraws_nothing(laboratory):
    """Every episode ends before its withdrawal does: there is no contact to judge."""
    step = laboratory.step
    world = replace(step.world, task=replace(step.world.task, drop_distance=1e-9))
    config = replace(laboratory.changed(windows=1, clips=()), world=world)
    made = laboratory.run("drops", config)
    counts = load_file(made / "counts.safetensors")
    hz = world.embodiment.control.hz
    assert (counts["drops"] == hz * 1.0).all()
    np.testing.assert_allclose(counts["first_s"], 1 / hz)
    assert not counts["asked"].any()
    assert json.loads((made / "clips.json").read_text()) == []

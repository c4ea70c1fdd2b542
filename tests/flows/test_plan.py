"""The plan: what goes into what, and what a changed value reruns."""

import pytest

from configs.load import digest, load
from configs.schema.pipeline import Config
from flows.plan import plan
from flows.stages import STAGES
from tests.values import changed


def nodes():
    return {node.label: node for node in plan(load(Config, ["profile=smoke"]))}


def rerun(override: str) -> set[str]:
    """Return the labels whose own configuration a change touches."""
    before = nodes()
    after = {node.label: node for node in plan(changed(override, "profile=smoke"))}
    return {
        label for label in before if digest(before[label].config) != digest(after[label].config)
    }


def test_every_node_comes_after_its_inputs():
    seen: set[str] = set()
    for node in plan(load(Config, [])):
        assert {*node.inputs.values(), *node.after} <= seen, node.label
        seen.add(node.label)


def test_every_stage_has_a_node_and_until_cuts():
    assert {node.step for node in nodes().values()} == set(STAGES)
    assert {node.step for node in plan(load(Config, []), "grasps")} == {"objects", "grasps"}


def test_hazards_run_one_by_one_beside_the_training():
    order = {node.label: node.after for node in plan(load(Config, []))}
    assert order["hazards/fast"] == ("check",)
    assert order["hazards/slow"] == ("hazards/fast",)
    assert not any(after for label, after in order.items() if not label.startswith("hazards/"))


def test_what_no_stage_reads_is_made_where_it_is_asked_for():
    asked = plan(load(Config, []), "regrasps", ["box"])
    assert [node.label for node in asked] == ["objects/box", "grasps/box", "regrasps/box"]
    assert asked[-1].inputs.keys() == {"objects/box", "grasps/box"}


def test_held_out_objects_are_grasped_and_evaluated_but_never_trained_on():
    plan_nodes = nodes()
    held_out = {
        name
        for name, item in load(Config, ["profile=smoke"]).objects.items.items()
        if item.held_out
    }
    assert held_out
    for name in held_out:
        users = {node.step for node in plan_nodes.values() if f"grasps/{name}" in node.inputs}
        assert users == {"baselines", "evaluate"}


TESTED = {"baselines", "evaluate"}


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        ("train.batch=64", {"train"}),
        ("training_seed=1", {"train", "critic", "distill"}),
        # what is measured otherwise does not choose strengths anew
        ("evaluate.windows=3", TESTED),
        ("evaluate.window_s=7", TESTED),
        ("evaluate.stream=7", TESTED),
        ("evaluate.pairs.held_out=8", TESTED),
        ("evaluate.perturbations=[noisy_2.0]", TESTED),
        ("evaluate.library.absolute.bias=0.1", TESTED),
        ("+evaluate.variants.twice={kind: low_pass, time_s: 0.3}", TESTED),
        ("evaluate.library.correlated.std=0.4", {"calibrate", *TESTED}),
        ("evaluate.contact_n=0.06", {"calibrate", *TESTED}),
        # baselines are measured once for all controllers
        ("evaluate.bootstrap=50", {"evaluate"}),
        ("evaluate.session_threads=1", {"evaluate"}),
        ("evaluate.variants.paper.guidance=0.3", {"evaluate"}),
        ("~evaluate.variants.critic_gain", {"evaluate"}),
        ("evaluate.calibration.window_s=5", {"calibrate", "evaluate"}),
        ("evaluate.calibration.guidance=[0.3]", {"calibrate", "evaluate"}),
        ("hazards.chunks=3", {"hazards/fast", "hazards/slow"}),
        ("critic.batch=64", {"critic"}),
        ("machine.threads=1", set()),
        ("machine.parallel_steps=1", set()),
    ],
)
def test_a_changed_value_touches_what_depends_on_it_alone(change, touched):
    assert rerun(change) == touched


def test_baselines_ask_no_controller_and_hazards_are_the_critics():
    plan_nodes = nodes()
    inputs = set(plan_nodes["baselines"].inputs.values())
    assert not {"export", "train", "critic", "calibrate"} & inputs
    for label in ("hazards/fast", "hazards/slow"):
        users = {node.step for node in plan_nodes.values() if label in node.inputs.values()}
        assert users == {"critic"}


def test_changed_reward_leaves_grasps_alone():
    touched = rerun("task.rewards.bonus=3")
    assert not any(label.startswith(("objects", "grasps")) for label in touched)
    assert {"experts/fast", "rollouts/fast", "evaluate"} <= touched

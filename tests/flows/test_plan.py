"""The plan: what goes into what, and what a changed value reruns."""

from configs.load import digest, load
from configs.schema.pipeline import Config
from flows.plan import STAGES, plan


def nodes(*overrides: str):
    return {node.label: node for node in plan(load(Config, ["profile=smoke", *overrides]))}


def rerun(*overrides: str) -> set[str]:
    """Return the labels whose own configuration a change touches."""
    before, after = nodes(), nodes(*overrides)
    return {
        label for label in before if digest(before[label].config) != digest(after[label].config)
    }


def test_every_node_comes_after_its_inputs():
    seen: set[str] = set()
    for node in plan(load(Config, [])):
        assert set(node.inputs.values()) <= seen, node.label
        seen.add(node.label)


def test_every_stage_has_a_node_and_until_cuts():
    assert {node.step for node in nodes().values()} == set(STAGES)
    assert {node.step for node in plan(load(Config, []), "grasps")} == {"objects", "grasps"}


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


def test_changed_training_value_touches_training_only():
    assert rerun("train.batch=64") == {"train"}
    assert rerun("training_seed=1") == {"train", "critic", "distill"}


def test_what_is_measured_otherwise_does_not_choose_strengths_anew():
    for change in (
        "evaluate.windows=3",
        "evaluate.window_s=7",
        "evaluate.stream=7",
        "evaluate.pairs.held_out=8",
        "evaluate.perturbations=[noisy_2.0]",
        "evaluate.library.absolute.bias=0.1",
        "+evaluate.variants.twice={kind: low_pass, time_s: 0.3}",
    ):
        assert rerun(change) == {"baselines", "evaluate"}, change
    for change in (
        "evaluate.library.correlated.std=0.4",
        "evaluate.contact_n=0.06",
    ):
        assert rerun(change) == {"calibrate", "baselines", "evaluate"}, change


def test_baselines_are_measured_once_for_all_controllers():
    for change in (
        "evaluate.bootstrap=50",
        "evaluate.session_threads=1",
        "evaluate.variants.paper.guidance=0.3",
        "~evaluate.variants.critic_gain",
    ):
        assert rerun(change) == {"evaluate"}, change
    for change in ("evaluate.calibration.window_s=5", "evaluate.calibration.guidance=[0.3]"):
        assert rerun(change) == {"calibrate", "evaluate"}, change
    (node,) = (node for node in nodes().values() if node.step == "baselines")
    assert not {"export", "train", "critic", "calibrate"} & set(node.inputs.values())


def test_hazards_are_the_critics_and_nobody_elses():
    assert rerun("hazards.chunks=3") == {"hazards/fast", "hazards/slow"}
    assert rerun("critic.batch=64") == {"critic"}
    plan_nodes = nodes()
    for label in ("hazards/fast", "hazards/slow"):
        users = {node.step for node in plan_nodes.values() if label in node.inputs.values()}
        assert users == {"critic"}


def test_changed_reward_leaves_grasps_alone():
    touched = rerun("task.rewards.bonus=3")
    assert not any(label.startswith(("objects", "grasps")) for label in touched)
    assert {"experts/fast", "rollouts/fast", "evaluate"} <= touched


def test_machine_values_touch_nothing():
    assert rerun("machine.parallel_steps=1", "machine.threads=1") == set()

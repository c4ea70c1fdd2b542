"""Configuration: one place, units everywhere, unknown keys refused in one line."""

import dataclasses
import re
from pathlib import Path

import pytest

from configs.load import FOLDER, ConfigError, digest, load
from configs.schema.pipeline import Config
from tests.values import changed

PROFILES = sorted(path.stem for path in (FOLDER / "profile").glob("*.yaml"))
VALUE_FILES = sorted(
    path for path in FOLDER.glob("*/*.yaml") if path.parent.name not in {"profile", "schema"}
)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("no_such_key=1", "no_such_key"),
        ("+control.no_such_key=1", "control.no_such_key"),
        ("hand=no_such_hand", "hand: there is no 'no_such_hand'"),
        ("evaluate.perturbations.clean.kind=clean", "clean"),  # a name into a list
        ("control.hz=fast", "control.hz"),
        ("control.hz=-20", "control.hz"),
        ("physics.cone=round", "physics.cone"),
        ("store.endpoint=http://host", "store.endpoint"),  # `local` has none
        ("+store.colour=red", "store.colour"),
        ("store=nowhere", "store: there is no 'nowhere'"),
        ("control.hz=[1", "control.hz"),
        ("seed", "seed"),
    ],
)
def test_bad_override_is_one_line_that_names_it(override, named):
    with pytest.raises(ConfigError) as caught:
        load(Config, [override])
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "meant"),
    [
        (["task.rewards.dropp=-30"], "task.rewards.drop"),
        (["task.reward.drop=-30"], "task.rewards.drop"),
        (["rewards.drop=-30"], "task.rewards.drop"),
        (["profil=smoke"], "profile"),
        (["profile=smok"], "smoke"),
        (["store=lakefs", "store.endpont=http://host"], "store.endpoint"),
        (["+control.hzz=20"], "hz"),
        (["evaluate.calibration.colour=1"], None),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest_one(overrides, meant):
    with pytest.raises(ConfigError) as caught:
        load(Config, overrides)
    found = re.search(r"did you mean '(.*)'\?", str(caught.value))
    assert (found and found.group(1)) == meant
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "remedy"),
    [
        ("turns.mode=wrong", "turns has goals, paces, rollouts"),
        ("promote.gates.foo={metric: a}", "'promote.gates.foo'; promote.gates has"),
        ("robot.operator.noise=1", "the group 'robot' is of `dexgen-robot`"),
        ("objects.items.box.shape.half=[a,b]", "objects.items.box.shape.half.0: "),
    ],
)
def test_what_has_no_near_name_is_told_what_there_is(override, remedy):
    with pytest.raises(ConfigError, match=re.escape(remedy)):
        load(Config, [override])


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("critic.horizon_s=1000", "20 s (the shorter of task.episode_s and hazards.chunk_s)"),
        ("hazards.chunk_s=1", "critic.horizon_s 1.25 s"),
        ("export.sampling.rule=posterior", "evaluate.calibration.remainder 1"),
        ("hazards.levels=[0]", "no bad command"),
        ("hazards.bursts.strength=[1,0]", "hazards.bursts.strength: a range goes from low to high"),
        ("grasps.squeeze=[-1,5]", "grasps.squeeze"),
        ("grasps.sampling.contacts=[9]", "has 4 fingers"),
        ("grasps.sampling.kinds=[finger_first,finger_first]", "stands there twice"),
        ("grasps.sampling.finger_first.closure=[-3,9]", "closure"),
        ("rollouts.bursts.strength=[0,2]", "rollouts.bursts.strength [0, 2]"),
        ("hazards.bursts.calm_s=[4,0.5]", "hazards.bursts.calm_s: a range goes from low"),
        ("hazards.bursts.calm_s=[-1,0.5]", "hazards.bursts.calm_s [-1, 0.5]: give 0 or more"),
        ("grasps.validation.slots=4", "slots 4 are fewer than scales 8"),
        ("evaluate.unseen=[noisy_1.5]", "hold commands like noisy_1.5"),
        ("evaluate.unseen=[withdraw_finger]", "hold commands like withdraw_finger"),
        ("evaluate.unseen=[clean]", "hold commands like clean"),
        ("promote.gates.hold.metric=foo.bar", "promote.gates.hold: no report has 'foo.bar'"),
        ("promote.gates.hold.metric=evaluation.clean.nobody.hold_s", "clean.nobody.hold_s"),
        ("promote.gates.hold.relative_to=champion.evaluation.noise", "champion.evaluation.noise"),
    ],
)
def test_values_that_do_not_fit_together_are_refused_in_one_line(override, named):
    with pytest.raises(ConfigError) as caught:
        changed(override)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["task=default"], "task.skill: Field required"),
        (["task.skill.kind=free_finger"], "task.skill.max_edges"),
        (["task=fine_rotation", "task.skill.turn=[0.04,0.1]"], "turn 0.04 rad is within"),
        (["task=fine_rotation", "task.skill.axes=[w]"], "task.skill.axes"),
        (["+task.skill.reach=1"], "task.skill.reach"),
    ],
)
def test_a_skill_that_is_none_is_refused_in_one_line(overrides, named):
    with pytest.raises(ConfigError) as caught:
        load(Config, overrides)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("skill", ["anygrasp", "free_finger", "fine_rotation"])
def test_tasks_differ_in_skill_and_rewards_alone(skill):
    base, other = load(Config).task, load(Config, [f"task={skill}"]).task
    assert other.skill.kind == skill
    assert dataclasses.replace(other, skill=base.skill, rewards=base.rewards) == base


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_valid(profile):
    assert load(Config, [f"profile={profile}"]).seed >= 0


def test_the_four_profiles_exist():
    assert PROFILES == ["paper", "quickstart", "smoke", "workstation"]


def test_equal_values_give_equal_digests_whatever_their_order():
    first = load(Config, ["seed=3", "control.hz=20"])
    second = load(Config, ["control.hz=20.0", "seed=3"])
    assert digest(first) == digest(second)
    assert digest(first) != digest(load(Config, ["seed=4"]))


def test_lines_of_values_are_wrapped():
    long = [
        f"{path.relative_to(FOLDER)}:{number}"
        for path in FOLDER.rglob("*.yaml")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 100
    ]
    assert not long


@pytest.mark.parametrize("path", VALUE_FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_value_says_its_unit(path: Path):
    """A number's line, or the line that opens its block, carries `# [unit]`."""
    unit = re.compile(r"#.*\[[^\]]+\]")
    bare = []
    blocks: list[tuple[int, bool]] = []  # (indentation, whether the block says its unit)
    above = False
    for line in path.read_text().splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            above = bool(unit.search(line)) or (above and text.startswith("#"))
            continue
        indent = len(line) - len(line.lstrip())
        blocks = [block for block in blocks if block[0] < indent]
        said = bool(unit.search(line)) or above or any(block[1] for block in blocks)
        has_number = re.search(r"(?<![\w])[-+]?\d[\d.e-]*(?!\w)", line.split("#")[0])
        if has_number and not said:
            bare.append(text)
        if re.match(r"[-\w &]*:\s*(&\w+\s*)?(#.*)?$", text):
            blocks.append((indent, said))
        above = False
    assert not bare, f"{path}: no unit beside {bare}"

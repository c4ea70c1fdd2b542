from dataclasses import replace

import numpy as np
import pytest

from configs.load import load
from configs.schema.evaluate import Assisted, Direct, LowPass
from configs.schema.pipeline import Config
from models.bundle import BundleError
from models.kinematics import Kinematics
from models.motion import absolute_motion, incremental_motion
from models.session import Answer, Session
from models.strength import KEYS, Strength
from tasks.commanders.perturbations import Command, Situation
from tasks.evaluation.results import default_variant
from tasks.evaluation.variants import Answers, sizes, strength_of
from tests.tiny_bundle import make_bundle


def assisted(name="paper", **values) -> Assisted:
    return Assisted(kind="assisted", assistance=name, **dict.fromkeys(KEYS) | values)


DIRECT = Direct(kind="direct", gain=0.5)
PAPER, STRONG = assisted(), assisted(guidance=0.7)
GUARDED = assisted("guarded")
BASELINES = {
    "unassisted": Direct(kind="direct", gain=1.0),
    "zero": Direct(kind="direct", gain=0.0),
}
PAIRS = 2


class Recorder(Session):
    """The real session, which keeps what it was asked."""

    def assist(self, question):
        self.asked = question
        return super().assist(question)


@pytest.fixture(scope="module")
def config():
    return load(Config)


@pytest.fixture(scope="module")
def bundle(config, tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("variants") / "bundle", config.embodiment)


def answers(config, bundle, *variants) -> Answers:
    return Answers(
        session=Recorder(bundle),
        kinematics=Kinematics(config.hand),
        layout=bundle.layout,
        variants=variants,
        strengths=tuple(strength_of(v, bundle.manifest) for v in variants),
        modes=np.array([0, 1]),
        rng=np.random.default_rng(0),
    )


def step(layout, variants, rng, absolute):
    shape = (variants, PAIRS, layout.num_joints)
    values = rng.uniform(-0.5, 0.5, (5, *shape)).astype(np.float32)
    touching = np.ones((*shape[:2], layout.num_tips), bool)
    situation = Situation(*values[:4], started=np.ones(shape[:2], bool), touching=touching)
    return situation, Command(values[4], values[0], desired=values[3] if absolute else None)


def ask(made: Answers, variants: int):
    """Ask about an incremental and an absolute command."""
    rng, layout = np.random.default_rng(1), made.layout
    situations, commands = zip(
        *(step(layout, variants, rng, absolute) for absolute in (False, True)), strict=True
    )
    shape = (2, variants, PAIRS, layout.history, layout.step_size)
    history = rng.standard_normal(shape).astype(np.float32)
    actions, _ = made.actions(commands, situations, history)
    return actions, commands, situations, history


def asked_of(made: Answers, variants: int) -> dict[str, np.ndarray]:
    """Return the session's inputs as [P, A, M, ...], A variants that asked."""
    asked = made.session.asked  # type: ignore[attr-defined]
    return {name: a.reshape(2, variants, PAIRS, *a.shape[1:]) for name, a in vars(asked).items()}


def test_direct_variants_scale_the_command(config, bundle):
    actions, commands, _, _ = ask(answers(config, bundle, DIRECT, Direct(kind="direct", gain=1)), 2)
    np.testing.assert_array_equal(actions[0, 0], 0.5 * commands[0].action[0])
    np.testing.assert_array_equal(actions[1, 1], commands[1].action[1])


def test_assisted_variants_get_their_own_rows_motion_and_settings(config, bundle):
    made = answers(config, bundle, DIRECT, PAPER, STRONG, GUARDED)
    actions, commands, situations, history = ask(made, 4)
    kinematics, layout = made.kinematics, made.layout
    grouped = asked_of(made, 3)
    np.testing.assert_array_equal(grouped["history"], history[:, 1:])
    for p, command in enumerate(commands):
        np.testing.assert_array_equal(grouped["command"][p], command.action[1:])
    np.testing.assert_array_equal(grouped["mode"][1, 1], [0, 1])
    wanted = [
        (0.0, 1.0, 1.0, 1.0, 0.2, 0.0),
        (0.0, 1.0, 1.0, 1.0, 0.7, 0.0),
        (1.0, 0.75, 0.5, 0.25, 0.1, 0.875),
    ]
    for pair in range(PAIRS):
        np.testing.assert_allclose(grouped["strength"][1, :, pair], wanted, rtol=1e-6)
    s, c = situations[0], commands[0]
    expected = incremental_motion(kinematics, layout, s.position[2], c.action[2])
    np.testing.assert_allclose(grouped["motion"][0, 1], expected, atol=1e-7)
    s, c = situations[1], commands[1]
    assert c.desired is not None
    expected = absolute_motion(kinematics, layout, s.position[1], s.target[1], c.desired[1])
    np.testing.assert_allclose(grouped["motion"][1, 0], expected, atol=1e-7)
    np.testing.assert_array_equal(actions[:, 1:], 0.0)  # what the tiny bundle answers


def test_each_hand_is_remembered_until_its_episode_ends(config, bundle):
    """The tiny bundle remembers how often it was asked; in `ask` an episode begins everywhere."""
    made = answers(config, bundle, DIRECT, PAPER, GUARDED)
    _, commands, situations, history = ask(made, 3)
    on = [replace(one, started=np.zeros_like(one.started)) for one in situations]
    for count in (1, 2):
        made.actions(commands, on, history)
        assert (asked_of(made, 2)["memory"] == count).all()
    on[1].started[2, 1] = True  # `guarded` under the second perturbation, second pair
    made.actions(commands, on, history)
    expected = np.full((2, 2, PAIRS), 3)
    expected[1, 1, 1] = 0
    np.testing.assert_array_equal(asked_of(made, 2)["memory"][..., 0], expected)


def test_what_became_of_a_command_is_measured_part_by_part(config, bundle):
    """The tiny bundle takes a command for what it is, times a gain of 0.25, and moves nothing."""
    made = answers(config, bundle, DIRECT, GUARDED)
    _, commands, situations, history = ask(made, 2)
    _, found = made.actions(commands, situations, history)
    size = np.stack([np.abs(command.action[1]).mean(axis=-1) for command in commands])
    for name, part in (
        ("commanded", 1),
        ("by_reading", 0),
        ("by_critic", 0.75),
        ("by_prior", 0.25),
    ):
        np.testing.assert_allclose(found[name][:, 1], part * size, rtol=1e-5)
        assert not found[name][:, 0].any()  # a direct variant asks nobody


def test_sizes_by_hand():
    """Command (1, -1) is read as (1, 0), of which the critic lets half go; 0.5, 0.5 is done. The
    student is believed by 0.2."""
    one, action, meant = np.zeros(1), np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])
    answer = Answer(one, action, one, meant, one + 0.2, one + 0.5, one)
    found = sizes(np.array([[1.0, -1.0]]), answer)
    assert {name: float(value[0]) for name, value in found.items()} == {
        "commanded": 1.0,
        "by_reading": 0.5,
        "by_critic": 0.25,
        "by_prior": 0.25,
        "believed": 0.2,
    }


def test_a_low_pass_averages_the_commands_of_an_episode(config, bundle):
    """exp(-1 / (20 Hz 0.05 s)) = 1/e: a first command counts 1 - 1/e, an equal second the rest."""
    made = answers(config, bundle, LowPass(kind="low_pass", time_s=0.05))
    share = 1 - np.exp(-1)
    for expected in (share, share + share * (1 - share)):
        actions, commands, situations, _ = ask(made, 1)
        if situations[0].started.any():
            expected = share
        np.testing.assert_allclose(actions[0, 0], expected * commands[0].action[0], rtol=1e-5)


def test_assisted_variants_share_the_samplers_noise(config, bundle):
    made = answers(config, bundle, PAPER, STRONG)
    ask(made, 2)
    noise = asked_of(made, 2)["noise"]
    np.testing.assert_array_equal(noise[:, 0], noise[:, 1])
    assert not np.array_equal(noise[0, 0], noise[1, 0])
    assert not np.array_equal(noise[0, 0, 0], noise[0, 0, 1])


def test_settings_are_the_manifests_where_the_configuration_leaves_them_open(bundle):
    variants = {
        "direct": DIRECT,
        "paper": PAPER,
        "weaker": assisted(guidance=0.05),
        "guarded": GUARDED,
        "bolder": assisted("guarded", caution=0.5),
        "wary": assisted("guarded", caution=0.0),  # 0 is a caution, not one that was left open
        "critic": assisted("guarded", reading=0.0, guidance=1.0, remainder=1.0),
    }
    found = {name: strength_of(v, bundle.manifest) for name, v in variants.items()}
    assert found.pop("direct") is None
    expected = {
        "paper": (0.0, 1.0, 1.0, 1.0, 0.2, 0.0),
        "weaker": (0.0, 1.0, 1.0, 1.0, 0.05, 0.0),
        "guarded": (1.0, 0.75, 0.5, 0.25, 0.1, 0.875),
        "bolder": (1.0, 0.75, 0.5, 0.5, 0.1, 0.875),
        "wary": (1.0, 0.75, 0.5, 0.0, 0.1, 0.875),
        "critic": (0.0, 0.75, 0.5, 0.25, 1.0, 1.0),
    }
    names = ("reading", "gain", "share", "caution", "guidance", "remainder")
    assert found == {
        name: Strength(**dict(zip(names, values, strict=True))) for name, values in expected.items()
    }


def test_an_assistance_that_the_bundle_lacks_is_refused(bundle):
    paper = {"paper": bundle.manifest.strength("paper")}
    with pytest.raises(BundleError, match="knows no assistance 'guarded'; one of paper"):
        strength_of(GUARDED, replace(bundle.manifest, assistances=paper))


def test_the_default_assistance_is_the_variant_at_the_manifests_strength(config, bundle):
    def default(**variants):
        return default_variant(replace(config.evaluate, variants=BASELINES | variants), bundle)

    assert default(direct=DIRECT, strong=STRONG, guarded=GUARDED, paper=PAPER) == "paper"
    assert default(strong=STRONG, guarded=GUARDED) is None
    assert default(same=assisted(guidance=0.2, caution=1.0)) == "same"

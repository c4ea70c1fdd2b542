from dataclasses import replace

import numpy as np
import pytest

from configs.load import load
from configs.schema.evaluate import Assisted, CriticGain, Direct, LowPass
from configs.schema.pipeline import Config
from models.activity import Activity
from models.bundle import BundleError
from models.kinematics import Kinematics
from models.motion import absolute_motion, incremental_motion
from models.session import INPUTS, Session
from models.strength import Strength
from tasks.evaluation.perturbations import Command, Situation
from tasks.evaluation.results import default_variant
from tasks.evaluation.variants import Answers, strengths_of
from tests.tiny_bundle import make_bundle


def assisted(
    name="paper", guidance=None, calm_guidance=None, caution=None, calm_caution=None
) -> Assisted:
    return Assisted(
        kind="assisted",
        assistance=name,
        guidance=guidance,
        calm_guidance=calm_guidance,
        caution=caution,
        calm_caution=calm_caution,
        share=None,
        remainder=None,
    )


DIRECT = Direct(kind="direct", gain=0.5)
PAPER, STRONG = assisted(), assisted(guidance=0.7, calm_guidance=0.7)
GUARDED = assisted("guarded")
GAIN = CriticGain(kind="critic", caution=None, calm_caution=None, share=None)
PAIRS = 2


class Recorder(Session):
    """The real session, which keeps what it was asked."""

    def assist(self, *arrays):
        self.asked = dict(zip(INPUTS, arrays, strict=True))
        return super().assist(*arrays)


@pytest.fixture(scope="module")
def config():
    return load(Config)


@pytest.fixture(scope="module")
def bundle(config, tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("variants") / "bundle", config.embodiment)


def answers(config, bundle, *variants) -> Answers:
    named = {str(i): v for i, v in enumerate(variants)}
    return Answers(
        session=Recorder(bundle),
        kinematics=Kinematics(config.hand),
        layout=bundle.layout,
        variants=variants,
        strengths=tuple(strengths_of(named, bundle.manifest).values()),
        activity=Activity(bundle.manifest.activity, bundle.layout.control_hz),
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
    return made.actions(commands, situations, history), commands, situations, history


def asked_of(made: Answers, variants: int) -> dict[str, np.ndarray]:
    """Return the session's inputs as [P, A, M, ...], A variants that asked."""
    asked = made.session.asked  # type: ignore[attr-defined]
    return {name: a.reshape(2, variants, PAIRS, *a.shape[1:]) for name, a in asked.items()}


def test_direct_variants_scale_the_command(config, bundle):
    actions, commands, _, _ = ask(answers(config, bundle, DIRECT, Direct(kind="direct", gain=1)), 2)
    np.testing.assert_array_equal(actions[0, 0], 0.5 * commands[0].action[0])
    np.testing.assert_array_equal(actions[1, 1], commands[1].action[1])


def test_assisted_variants_get_their_own_rows_motion_and_strengths(config, bundle):
    made = answers(config, bundle, DIRECT, PAPER, STRONG, GUARDED)
    actions, commands, situations, history = ask(made, 4)
    kinematics, layout = made.kinematics, made.layout
    grouped = asked_of(made, 3)
    np.testing.assert_array_equal(grouped["history"], history[:, 1:])
    for p, command in enumerate(commands):
        np.testing.assert_array_equal(grouped["command"][p, :2], command.action[1:3])
        np.testing.assert_array_equal(grouped["command"][p, 2], 0.5 * command.action[3])
    np.testing.assert_array_equal(grouped["mode"][1, 1], [0, 1])
    # a first command is busy: guarded asks about half of it, with the lesser guidance and risk
    np.testing.assert_allclose(grouped["guidance"][0, :, 0], [0.2, 0.7, 0.1], rtol=1e-6)
    np.testing.assert_allclose(grouped["caution"][1, :, 1], [1.0, 1.0, 0.25])
    s, c = situations[0], commands[0]
    expected = incremental_motion(kinematics, layout, s.position[2], c.action[2])
    np.testing.assert_allclose(grouped["motion"][0, 1], expected, atol=1e-7)
    s, c = situations[1], commands[1]
    assert c.desired is not None
    expected = absolute_motion(kinematics, layout, s.position[1], s.target[1], c.desired[1])
    np.testing.assert_allclose(grouped["motion"][1, 0], expected, atol=1e-7)
    whole = absolute_motion(kinematics, layout, s.position[3], s.target[3], c.desired[3])
    np.testing.assert_allclose(grouped["motion"][1, 2], 0.5 * whole, atol=1e-7)
    np.testing.assert_array_equal(actions[:, 1:], 0.0)  # what the tiny bundle answers


def test_a_calm_command_is_asked_about_with_its_own_strengths(config, bundle):
    """Three seconds of rest: 0.1 becomes 0.7 where there are two, 0.2 stays."""
    made = answers(config, bundle, PAPER, GUARDED)
    _, commands, situations, history = ask(made, 2)
    rest = [replace(command, action=0.0 * command.action) for command in commands]
    on = [replace(one, started=np.zeros_like(one.started)) for one in situations]
    for _ in range(60):
        made.actions(rest, on, history)
    grouped = asked_of(made, 2)
    np.testing.assert_allclose(grouped["guidance"][:, 0], 0.2, rtol=1e-6)
    np.testing.assert_allclose(grouped["guidance"][:, 1], 0.7, rtol=1e-6)
    np.testing.assert_allclose(grouped["caution"][:, 1], 0.5, rtol=1e-6)
    whole = made.motion(commands[1], situations[1], [0, 1])
    np.testing.assert_allclose(grouped["motion"][1], whole, atol=1e-7)


def test_a_low_pass_averages_the_commands_of_an_episode(config, bundle):
    """exp(-1 / (20 Hz 0.05 s)) = 1/e: a first command counts 1 - 1/e, an equal second the rest."""
    made = answers(config, bundle, LowPass(kind="low_pass", time_s=0.05))
    share = 1 - np.exp(-1)
    for expected in (share, share + share * (1 - share)):
        actions, commands, situations, _ = ask(made, 1)
        if situations[0].started.any():
            expected = share
        np.testing.assert_allclose(actions[0, 0], expected * commands[0].action[0], rtol=1e-5)


def test_a_critics_gain_scales_the_command_and_nothing_else(config, bundle):
    """The tiny bundle's gain is the caution it is asked with: that of `guarded` when busy, 0.25,
    on half of the command."""
    open_gain = CriticGain(kind="critic", caution=0.75, calm_caution=0.5, share=1.0)
    actions, commands, _, _ = ask(answers(config, bundle, GAIN, DIRECT, open_gain), 3)
    for p, command in enumerate(commands):
        np.testing.assert_allclose(actions[p, 0], 0.125 * command.action[0], rtol=1e-6)
        np.testing.assert_allclose(actions[p, 1], 0.5 * command.action[1], rtol=1e-6)
        np.testing.assert_allclose(actions[p, 2], 0.75 * command.action[2], rtol=1e-6)


def test_assisted_variants_share_the_samplers_noise(config, bundle):
    made = answers(config, bundle, PAPER, STRONG)
    ask(made, 2)
    noise = asked_of(made, 2)["noise"]
    np.testing.assert_array_equal(noise[:, 0], noise[:, 1])
    assert not np.array_equal(noise[0, 0], noise[1, 0])
    assert not np.array_equal(noise[0, 0, 0], noise[0, 0, 1])


def test_strengths_are_the_manifests_where_the_configuration_leaves_them_open(bundle):
    """The bundle: paper 0.2, 0.2, 1, 1; guarded 0.1, 0.7, 0.25, 0.5, 0.5, 0.75."""
    variants = {
        "direct": DIRECT,
        "paper": PAPER,
        "weaker": assisted(guidance=0.05),
        "guarded": GUARDED,
        "bolder": assisted("guarded", caution=0.5),
        "gain": GAIN,
        "gain_0": CriticGain(kind="critic", caution=0.0, calm_caution=None, share=None),
    }
    found = strengths_of(variants, bundle.manifest)
    assert found.pop("direct") is None
    expected = {
        "paper": (0.2, 0.2, 1.0, 1.0, 1.0, 0.0),
        "weaker": (0.05, 0.2, 1.0, 1.0, 1.0, 0.0),
        "guarded": (0.1, 0.7, 0.25, 0.5, 0.5, 0.75),
        "bolder": (0.1, 0.7, 0.5, 0.5, 0.5, 0.75),
        "gain": (0.1, 0.7, 0.25, 0.5, 0.5, 0.75),
        "gain_0": (0.1, 0.7, 0.0, 0.5, 0.5, 0.75),  # 0 is a caution, not one that was left open
    }
    names = ("guidance", "calm_guidance", "caution", "calm_caution", "share", "remainder")
    assert found == {
        name: Strength(**dict(zip(names, values, strict=True))) for name, values in expected.items()
    }


@pytest.mark.parametrize("variant", [GUARDED, GAIN])
def test_an_assistance_that_the_bundle_lacks_is_refused(bundle, variant):
    paper = {"paper": bundle.manifest.strength("paper")}
    with pytest.raises(BundleError, match="knows no assistance 'guarded'; one of paper"):
        strengths_of({"one": variant}, replace(bundle.manifest, assistances=paper))


def test_the_default_assistance_is_the_variant_at_the_manifests_strength(config, bundle):
    def default(**variants):
        return default_variant(replace(config.evaluate, variants=variants), bundle)

    assert default(direct=DIRECT, strong=STRONG, guarded=GUARDED, paper=PAPER) == "paper"
    assert default(strong=STRONG, guarded=GUARDED, gain=GAIN) is None
    assert default(same=assisted(guidance=0.2, caution=1.0)) == "same"

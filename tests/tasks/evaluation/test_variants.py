from dataclasses import replace

import numpy as np
import pytest

from configs.load import load
from configs.schema.evaluate import Assisted, Direct
from configs.schema.pipeline import Config
from models.bundle import BundleError
from models.kinematics import Kinematics
from models.motion import absolute_motion, incremental_motion
from models.session import INPUTS, Session
from tasks.evaluation.perturbations import Command, Situation
from tasks.evaluation.results import default_variant
from tasks.evaluation.variants import Answers, guidances
from tests.tiny_bundle import make_bundle

DIRECT = Direct(kind="direct", gain=0.5)
PAPER = Assisted(kind="assisted", assistance="paper", guidance=None)
STRONG = Assisted(kind="assisted", assistance="paper", guidance=0.7)
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
    return Answers(
        session=Recorder(bundle),
        kinematics=Kinematics(config.hand),
        layout=bundle.layout,
        variants=variants,
        guidance=guidances({str(i): v for i, v in enumerate(variants)}, bundle),
        modes=np.array([0, 1]),
        rng=np.random.default_rng(0),
    )


def step(layout, variants, rng, absolute):
    shape = (variants, PAIRS, layout.num_joints)
    values = rng.uniform(-0.5, 0.5, (5, *shape)).astype(np.float32)
    situation = Situation(*values[:4], started=np.zeros(shape[:2], bool))
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


def test_direct_variants_scale_the_command(config, bundle):
    actions, commands, _, _ = ask(answers(config, bundle, DIRECT, Direct(kind="direct", gain=1)), 2)
    np.testing.assert_array_equal(actions[0, 0], 0.5 * commands[0].action[0])
    np.testing.assert_array_equal(actions[1, 1], commands[1].action[1])


def test_assisted_variants_get_their_own_rows_motion_and_guidance(config, bundle):
    made = answers(config, bundle, DIRECT, PAPER, STRONG)
    actions, commands, situations, history = ask(made, 3)
    asked, kinematics, layout = made.session.asked, made.kinematics, made.layout  # type: ignore
    grouped = {name: array.reshape(2, 2, PAIRS, *array.shape[1:]) for name, array in asked.items()}
    np.testing.assert_array_equal(grouped["history"], history[:, 1:])
    np.testing.assert_array_equal(grouped["mode"][1, 1], [0, 1])
    np.testing.assert_allclose(grouped["guidance"][0, :, 0], [0.2, 0.7])
    s, c = situations[0], commands[0]
    expected = incremental_motion(kinematics, layout, s.position[2], c.action[2])
    np.testing.assert_allclose(grouped["motion"][0, 1], expected, atol=1e-7)
    s, c = situations[1], commands[1]
    assert c.desired is not None
    expected = absolute_motion(kinematics, layout, s.position[1], s.target[1], c.desired[1])
    np.testing.assert_allclose(grouped["motion"][1, 0], expected, atol=1e-7)
    np.testing.assert_array_equal(actions[:, 1:], 0.0)  # what the tiny bundle answers


def test_assisted_variants_share_the_samplers_noise(config, bundle):
    made = answers(config, bundle, PAPER, STRONG)
    ask(made, 2)
    noise = made.session.asked["noise"].reshape(2, 2, PAIRS, -1)  # type: ignore
    np.testing.assert_array_equal(noise[:, 0], noise[:, 1])
    assert not np.array_equal(noise[0, 0], noise[1, 0])
    assert not np.array_equal(noise[0, 0, 0], noise[0, 0, 1])


def test_an_assistance_that_the_bundle_lacks_is_refused(config, bundle):
    other = replace(bundle, manifest=replace(bundle.manifest, assistance="guarded"))
    with pytest.raises(BundleError, match="'guarded', but variant 'paper' asks for 'paper'"):
        guidances({"paper": PAPER}, other)


def test_the_default_assistance_is_the_variant_at_the_manifests_guidance(config, bundle):
    def default(**variants):
        return default_variant(replace(config.evaluate, variants=variants), bundle)

    assert default(direct=DIRECT, strong=STRONG, paper=PAPER) == "paper"
    assert default(strong=STRONG) is None

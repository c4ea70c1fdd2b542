"""What operators say in practice, and what the lesson from it is."""

from dataclasses import replace

import numpy as np
import pytest

from configs.load import ConfigError, load
from configs.schema.pipeline import Config
from tasks.commanders.perturbations import Situation
from tasks.distillation.speakers import Speakers
from tests.tasks.commanders.moments import moment

COUNT = 6


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Config, ["hand=trident", f"distill.environments={COUNT}"])


def speakers(config: Config, *kinds: str, acts: float = 0.0, **changes) -> Speakers:
    """Return operators who use these kinds of the library only."""
    settings = replace(
        config.distill,
        library={name: config.distill.library[name] for name in kinds},
        weights=dict.fromkeys(kinds, 1.0),
        **changes,
    )
    return Speakers(settings, config.embodiment, acts, np.random.default_rng(0))


def situation(config: Config, target=0.0, clean: float = 0.25) -> Situation:
    return moment(config.embodiment.make_layout(), (1, COUNT), clean, target)


def test_the_lesson_from_noise_is_the_clean_experts_action(config):
    spoken = speakers(config, "noisy_2.2").step(situation(config))
    assert (spoken.meant == 0.25).all()
    assert np.abs(spoken.command - 0.25).mean() > 0.3
    assert np.abs(spoken.command).max() <= 1.0


def test_the_lesson_from_a_hand_told_to_open_is_to_go_back(config):
    """Targets are led away from where they were when it began: back as fast as an action can, and
    by what is left when that is less; a new spell begins where the hand then is."""
    layout = config.embodiment.make_layout()
    made = speakers(config, "open", spell_s=(0.2, 0.2))  # four control steps
    assert (made.step(situation(config)).meant == 0.0).all()
    away = np.zeros((1, COUNT, layout.num_joints), np.float32)
    away[..., 0] = 0.5 * layout.action_scale
    away[..., 1] = -9.0 * layout.action_scale
    for _ in range(3):
        meant = made.step(situation(config, away)).meant
        np.testing.assert_allclose(meant[:, 0], -0.5, rtol=1e-5)
        assert (meant[:, 1] == 1.0).all()
        assert (meant[:, 2:] == 0.0).all()
    assert (made.step(situation(config, away)).meant == 0.0).all()


def test_where_one_finger_is_withdrawn_the_others_go_on(config):
    """Joints that are told what the expert would do are not held."""
    spoken = speakers(config, "withdraw").step(situation(config))
    led = np.abs(spoken.command - 0.25) > 1e-6
    assert led.any(axis=1).all()
    assert not led.all(axis=1).any()
    assert (spoken.meant[led] == 0.0).all()
    assert (spoken.meant[~led] == 0.25).all()


def test_each_hand_listens_to_the_operator_of_its_spell(config):
    made = speakers(config, "clean", "noisy_2.2", spell_s=(0.05, 0.2))
    heard = np.zeros((2, COUNT), int)
    for _ in range(200):
        spoken = made.step(situation(config))
        clean = (spoken.command == 0.25).all(axis=1)
        assert (clean == (made.kind == 0)).all()
        heard += np.stack([clean, ~clean])
    assert (heard > 50).all()  # about a half each


def test_the_student_acts_in_its_share_of_the_spells(config):
    made = speakers(config, "clean", acts=0.75, spell_s=(0.05, 0.05))
    acted = np.stack([made.step(situation(config)).practising.copy() for _ in range(400)])
    assert acted.mean() == pytest.approx(0.75, abs=0.05)
    never = speakers(config, "clean", acts=0.0)
    assert not never.step(situation(config)).practising.any()


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (
            ["+distill.library.jolts={kind: kicks, rate: 1, seconds: [0.1, 0.1], strength: 1}"],
            r"distill\.library\.jolts: commands of kind kicks are kept for the test",
        ),
        (
            ["+distill.library.fist={kind: pose, pose: closed}"],
            r"distill\.library\.fist: commands of kind pose are kept for the test",
        ),
    ],
)
def test_what_is_kept_for_the_test_is_not_taught(overrides, named):
    name = overrides[0].split("=")[0].rsplit(".", 1)[1]
    with pytest.raises(ConfigError, match=named) as caught:
        load(Config, [*overrides, f"+distill.weights.{name}=1"])
    assert "\n" not in str(caught.value)


def test_weights_and_library_name_the_same_kinds():
    with pytest.raises(ConfigError, match="weights and library differ in 'clean'"):
        load(Config, ["~distill.weights.clean"])

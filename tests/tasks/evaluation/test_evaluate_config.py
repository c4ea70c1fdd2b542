import pytest

from configs.load import FOLDER, ConfigError, load
from configs.schema.evaluate import check_pairs
from configs.schema.perturbations import Noise
from configs.schema.pipeline import Config
from tests.values import changed


def test_a_new_noise_level_is_a_configuration_value():
    config = load(
        Config,
        [
            "+evaluate.library={noisy_3: {kind: noise, amplitude: 3.0}}",
            "evaluate.perturbations=[noisy_2.0,noisy_3]",
        ],
    ).evaluate
    assert config.library["noisy_3"] == Noise(kind="noise", amplitude=3.0)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("evaluate.perturbations=[noisy_9]", "noisy_9"),
        ("+evaluate.library.bad={kind: noise, amplitude: -1}", "amplitude"),
        ("+evaluate.library.bad={kind: shout}", "shout"),
        ("evaluate.pairs=8", "evaluate.pairs"),
        ("evaluate.pairs.held_out=0", "judged is 'held_out'"),
        ("evaluate.judged=all", "evaluate.judged"),
        ("+evaluate.variants.assisted={kind: direct, gain: 1}", "assisted"),
        ("evaluate.plots=[noisy_8]", "noisy_8"),
        ("+evaluate.variants.vs_scaled={kind: direct, gain: 1}", "vs_scaled"),
        ("evaluate.variants.unassisted.gain=0.9", "variants.unassisted: everything is compared"),
        ("~evaluate.variants.zero", "variants.zero"),
        ("evaluate.calibration.perturbations=[noisy_7]", "noisy_7"),
        ("evaluate.calibration.stream=6", "calibration.stream 6 is the test's own"),
        ("~evaluate.library.clean", "'clean' is not in the library"),
        ("evaluate.variants.paper.assistance=bold", "assistance"),
        ("evaluate.variants.guarded.caution=1.5", "caution"),
    ],
)
def test_bad_values_are_named_in_one_line(override, named):
    with pytest.raises(ConfigError, match=named) as caught:
        changed(override)
    assert "\n" not in str(caught.value)


PROFILES = sorted(path.stem for path in (FOLDER / "profile").glob("*.yaml"))


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_judges_held_out_objects_and_shows_each_object(profile):
    config = load(Config, [f"profile={profile}"])
    assert config.evaluate.judged == "held_out"
    check_pairs(config.evaluate, list(config.objects.items.values()))


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (
            ["evaluate.pairs.training=1"],
            r"evaluate\.pairs\.training: 1 environments cannot hold 2 objects",
        ),
        (
            ["objects.items.cylinder.held_out=false", "evaluate.pairs.training=3"],
            r"evaluate\.pairs\.held_out: there is no such object",
        ),
        (
            ["evaluate.calibration.pairs=1"],
            r"evaluate\.calibration\.pairs: 1 environments cannot hold 2 training objects",
        ),
    ],
)
def test_pairs_that_cannot_show_every_object_are_refused(overrides, named):
    config = load(Config, ["profile=smoke", *overrides])
    with pytest.raises(ConfigError, match=named) as caught:
        check_pairs(config.evaluate, list(config.objects.items.values()))
    assert "\n" not in str(caught.value)


def test_a_split_without_pairs_needs_no_objects():
    config = load(Config, ["evaluate.pairs.training=0"])
    check_pairs(config.evaluate, [item for item in config.objects.items.values() if item.held_out])

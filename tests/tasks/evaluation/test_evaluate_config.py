import pytest

from configs.load import ConfigError, load
from configs.schema.evaluate import Noise
from configs.schema.pipeline import Config


def test_a_new_noise_level_is_a_configuration_value():
    config = load(
        Config,
        [
            "+evaluate.library={noisy_1.5: {kind: noise, amplitude: 1.5}}",
            "evaluate.perturbations=[noisy_1.5]",
        ],
    ).evaluate
    assert config.library["noisy_1.5"] == Noise(kind="noise", amplitude=1.5)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("evaluate.perturbations=[noisy_9]", "noisy_9"),
        ("+evaluate.library.bad={kind: noise, amplitude: -1}", "amplitude"),
        ("+evaluate.library.bad={kind: shout}", "shout"),
        ("+evaluate.variants.assisted={kind: direct, gain: 1}", "assisted"),
    ],
)
def test_bad_values_are_named_in_one_line(override, named):
    with pytest.raises(ConfigError, match=named) as caught:
        load(Config, [override])
    assert "\n" not in str(caught.value)

from typing import get_args

import numpy as np
import pytest

from configs.load import load
from configs.schema import perturbations as schema
from configs.schema.pipeline import Config
from tasks.commanders.commanders import MAKERS, make_commander
from tasks.commanders.perturbations import OrnsteinUhlenbeck, Situation, decay
from tests.tasks.commanders.moments import moment

VARIANTS, PAIRS = 2, 500
DRAWING = (
    schema.Noise,
    schema.Slow,
    schema.Correlated,
    schema.Absolute,
    schema.Mirrored,
    schema.Kicks,
    schema.Sticky,
    schema.Tremor,
    schema.Uneven,
)


@pytest.fixture(scope="module", params=["allegro", "trident"])
def embodiment(request):
    return load(Config, [f"hand={request.param}"]).embodiment


@pytest.fixture(scope="module")
def layout(embodiment):
    return embodiment.make_layout()


def situation(layout, clean=0.0) -> Situation:
    return moment(layout, (VARIANTS, PAIRS), clean)


def commander(embodiment, config, seed=0):
    return make_commander(config, embodiment, VARIANTS, PAIRS, np.random.default_rng(seed))


def test_uniform_noise_is_added_and_clipped(embodiment, layout):
    config = schema.Noise(kind="noise", amplitude=2.0)
    action = commander(embodiment, config).command(situation(layout, 0.5)).action
    # 0.5 + U(-2, 2) leaves [-1, 1] above with probability 3/8 and below with 1/8
    assert np.mean(action == 1.0) == pytest.approx(3 / 8, abs=0.02)
    assert np.mean(action == -1.0) == pytest.approx(1 / 8, abs=0.02)
    assert action.min() >= -1.0
    assert action.max() <= 1.0


def test_noise_without_amplitude_changes_nothing(embodiment, layout):
    config = schema.Noise(kind="noise", amplitude=0.0)
    command = commander(embodiment, config).command(situation(layout, 0.25))
    np.testing.assert_array_equal(command.action, command.clean)


def test_variants_of_a_pair_meet_the_same_disturbance(embodiment, layout):
    for config in load(Config).evaluate.library.values():
        made = commander(embodiment, config)
        actions = [made.command(situation(layout, 0.5 - k % 2)).action for k in range(20)]
        for action in actions:
            np.testing.assert_array_equal(action[0], action[1])
        drawn = isinstance(config, DRAWING)  # some other pair, another draw
        assert drawn != all(np.ptp(action[0], axis=0).max() == 0 for action in actions)


def test_every_kind_has_its_commander():
    kinds = [schema.Operated]
    for union in (schema.Spoiling, schema.Operator):
        kinds += get_args(get_args(union)[0])
    assert set(kinds) == set(MAKERS)


def test_equal_seeds_give_equal_commands(embodiment, layout):
    for config in load(Config).evaluate.library.values():
        first, second = (commander(embodiment, config, 3) for _ in range(2))
        for _ in range(3):
            now = situation(layout, 0.2)
            np.testing.assert_array_equal(first.command(now).action, second.command(now).action)


def test_slowing_keeps_the_direction(embodiment, layout):
    config = schema.Slow(kind="slow", beta=0.5)
    clean = np.random.default_rng(1).uniform(-1, 1, (VARIANTS, PAIRS, layout.num_joints))
    command = commander(embodiment, config).command(situation(layout, clean))
    factor = command.action / clean
    np.testing.assert_allclose(factor, np.broadcast_to(factor[..., :1], factor.shape), rtol=1e-4)
    assert factor.mean() == pytest.approx(0.25, abs=0.02)
    assert factor.max() <= 0.5 + 1e-5


def test_ornstein_uhlenbeck_is_stationary_with_its_time_constant(layout):
    ratio = decay(layout, 1.0)
    noise = OrnsteinUhlenbeck(0.5, ratio, (20000,), np.random.default_rng(0))
    values = np.stack([noise.step() for _ in range(round(layout.control_hz) + 1)])
    assert values[0].std() == pytest.approx(0.5, rel=0.03)
    assert values[-1].std() == pytest.approx(0.5, rel=0.03)
    correlation = np.corrcoef(values[0], values[-1])[0, 1]  # one second apart
    assert correlation == pytest.approx(np.exp(-1.0), abs=0.02)


def test_correlated_noise_is_added_and_clipped(embodiment, layout):
    config = schema.Correlated(kind="correlated", std=0.1, time_constant_s=1.0)
    commands = commander(embodiment, config)
    first = commands.command(situation(layout, 0.3)).action - 0.3
    second = commands.command(situation(layout, 0.3)).action - 0.3
    assert first.std() == pytest.approx(0.1, rel=0.05)
    correlation = np.corrcoef(first[0].ravel(), second[0].ravel())[0, 1]
    assert correlation == pytest.approx(decay(layout, 1.0), abs=0.02)

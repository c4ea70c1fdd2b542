"""Domain randomisation: ranges, and the statistics of processes that go on in time."""

import math

import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from envs.randomize import (
    PARAMETER_DRAWS,
    WRIST_DRAWS,
    ObservationNoise,
    RandomForce,
    WristMotion,
    draw_parameters,
    nominal,
    on_sphere,
)

COUNT = 4000


@pytest.fixture(scope="module")
def config() -> Config:
    return load(Config)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_parameters_fill_their_ranges_and_friction_is_the_mean(config, generator):
    uniform = torch.rand(COUNT, PARAMETER_DRAWS, generator=generator)
    ranges = config.randomization
    drawn = draw_parameters(ranges, uniform)
    for values, (low, high) in (
        (drawn.object_mass, ranges.object_mass),
        (drawn.kp_factor, ranges.kp_factor),
        (drawn.kd_factor, ranges.kd_factor),
    ):
        assert float(values.min()) == pytest.approx(low, abs=0.01 * (high - low))
        assert float(values.max()) == pytest.approx(high, abs=0.01 * (high - low))
    low, high = ranges.object_friction
    object_part, hand_part = low + (high - low) * uniform[:, 1], low + (high - low) * uniform[:, 2]
    assert torch.allclose(drawn.friction, (object_part + hand_part) / 2)


def test_nominal_parameters_do_not_depend_on_the_draw(config, generator):
    ranges = nominal(config.randomization, config.physics)
    drawn = draw_parameters(ranges, torch.rand(5, PARAMETER_DRAWS, generator=generator))
    assert torch.allclose(drawn.object_mass, torch.tensor(config.physics.object_mass))
    assert torch.allclose(drawn.friction, torch.tensor(config.physics.friction))
    assert torch.allclose(drawn.kp_factor, torch.tensor(1.0))


def test_random_force_decays_by_hand(config):
    # 20 Hz: two steps make one interval of 0.1 s, so a step decays by sqrt(0.99)
    force = RandomForce(config.randomization.random_force, 0.05, 2)
    mass, normal = torch.tensor([0.1, 0.2]), torch.ones(2, 3)
    first = force.step(mass, torch.tensor([0.0, 1.0]), normal)
    assert torch.allclose(first, torch.tensor([[0.2] * 3, [0.0] * 3]))  # scale 2 N/kg x mass
    never = torch.ones(2)
    force.step(mass, never, normal)
    assert torch.allclose(force.step(mass, never, normal)[0], torch.tensor(0.2 * 0.99))
    force.reset(torch.tensor([0]))
    assert torch.equal(force.force, torch.zeros(2, 3))


@pytest.mark.parametrize("control_dt", [0.05, 0.1])
def test_random_force_is_stationary_as_computed(config, generator, control_dt):
    settings = config.randomization.random_force
    process = RandomForce(settings, control_dt, COUNT)
    mass = torch.full((COUNT,), 0.1)
    pushes, steps = 0.0, 60
    for _ in range(steps):
        uniform = torch.rand(COUNT, generator=generator)
        pushes += float((uniform < process.chance).float().mean())
        process.step(mass, uniform, torch.randn(COUNT, 3, generator=generator))
    # the chance that an interval of 0.1 s goes by without a push is 0.8 at any rate
    assert (1 - process.chance) ** (0.1 / control_dt) == pytest.approx(0.8)
    assert pushes / steps == pytest.approx(process.chance, rel=0.02)
    # E f^2 = s^2 p / (1 - (1 - p) d^2), from E f'^2 = p s^2 + (1 - p) d^2 E f^2
    p, d = process.chance, process.decay
    variance = (2.0 * 0.1) ** 2 * p / (1 - (1 - p) * d**2)
    started = 1 - (1 - p) ** steps  # share that has been pushed at all
    assert float(process.force.var()) == pytest.approx(variance * started, rel=0.05)


def test_observation_noise_has_an_episode_part_and_a_white_part(config, generator):
    noise = ObservationNoise(config.randomization, COUNT, 3)
    truth = torch.full((COUNT, 3), 0.7)
    everyone = torch.arange(COUNT)
    noise.reset(everyone, torch.randn(COUNT, 3, generator=generator))
    readings = torch.stack(
        [
            noise.observe(everyone, truth, torch.randn(COUNT, 3, generator=generator))
            for _ in range(40)
        ]
    )
    white, bias = readings.std(dim=0).mean(), (readings.mean(dim=0) - 0.7).std()
    assert float(white) == pytest.approx(0.025, rel=0.02)
    # the mean of 40 readings still holds 0.025 / sqrt(40) of white noise
    assert float(bias) == pytest.approx(math.hypot(0.005, 0.025 / 40**0.5), rel=0.03)


def test_observation_bias_stays_until_the_reset_of_its_own_environment(config):
    noise = ObservationNoise(config.randomization, 2, 1)
    noise.reset(torch.arange(2), torch.tensor([[1.0], [-2.0]]))
    both, still = torch.arange(2), torch.zeros(2, 1)
    assert torch.allclose(noise.observe(both, still, still), torch.tensor([[0.005], [-0.010]]))
    noise.reset(torch.tensor([1]), torch.tensor([[4.0]]))
    assert torch.allclose(noise.observe(both, still, still), torch.tensor([[0.005], [0.020]]))


def test_gravity_turns_about_a_fixed_axis_at_its_speed(config, generator):
    wrist = WristMotion(config.randomization, 9.81, 0.05, COUNT)
    uniform = torch.rand(COUNT, WRIST_DRAWS, generator=generator)
    wrist.reset(torch.arange(COUNT), uniform)
    before = wrist.gravity()
    axis = on_sphere(uniform[:, 2], uniform[:, 3])
    assert torch.allclose(before.norm(dim=-1), torch.tensor(9.81), atol=1e-4)
    assert float(before.mean(dim=0).abs().max()) < 4 * 9.81 / (3 * COUNT) ** 0.5  # no direction
    for _ in range(20):
        wrist.step()
    after = wrist.gravity()
    assert torch.allclose(after.norm(dim=-1), torch.tensor(9.81), atol=1e-4)
    assert torch.allclose((after * axis).sum(-1), (before * axis).sum(-1), atol=1e-4)
    # after one second the part across the axis has turned by `speed` radians
    across = [g - axis * (g * axis).sum(-1, keepdim=True) for g in (before, after)]
    cosine = torch.nn.functional.cosine_similarity(*across, dim=-1).clamp(-1, 1)
    clear = across[0].norm(dim=-1) > 1.0
    assert torch.allclose(cosine.acos()[clear], 0.6 * uniform[clear, 4], atol=5e-3)


def test_gravity_points_into_the_palm_at_the_middle_draw(config):
    wrist = WristMotion(nominal(config.randomization, config.physics), 9.81, 0.05, 1)
    wrist.reset(torch.tensor([0]), torch.full((1, WRIST_DRAWS), 0.5))
    assert torch.allclose(wrist.gravity(), torch.tensor([[-9.81, 0.0, 0.0]]), atol=1e-5)

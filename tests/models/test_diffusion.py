"""Schedule and DDIM against diffusers; guidance against Gaussians with a closed form."""

import math

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler

from configs.errors import UserError
from configs.schema.export import Sampling
from models.diffusion import (
    add_noise,
    clean_motion,
    cosine_signal,
    ddim_plan,
    guided_ddim,
    training_target,
)

LEVELS = 100
SHAPE = (2, 3, 3)  # T, K, 3


def sampling(steps, rule="constant", clip=1e9, spacing="leading"):
    return Sampling(steps=steps, spacing=spacing, rule=rule, clip=clip)


def gaussian_predictor(plan, mean, variance):
    """x_0 by the exact noise predictor of a prior N(mean, variance) in each coordinate."""

    def predict(x, index):
        signal = plan[index].signal
        rest = math.sqrt(1 - signal)
        noise = rest * (x - math.sqrt(signal) * mean) / (signal * variance + 1 - signal)
        return clean_motion("noise", noise, x, signal)

    return predict


def sample(plan, config, mean, variance, command, guidance, values):
    """Run guided DDIM in float64 from noise that has one of `values` in each sample."""
    noise = torch.tensor(values, dtype=torch.float64)[:, None, None, None].expand(-1, *SHAPE)
    result = guided_ddim(
        gaussian_predictor(plan, mean, variance),
        plan,
        config,
        torch.full_like(noise, command),
        torch.full((len(values),), guidance, dtype=torch.float64),
        noise.clone(),
    )
    assert torch.equal(result, result[:, :1, :1, :1].expand_as(result))
    return result[:, 0, 0, 0].numpy()


def scheduler(steps, clip, prediction="noise", spacing="leading"):
    reference = DDIMScheduler(
        num_train_timesteps=LEVELS,
        beta_schedule="squaredcos_cap_v2",
        prediction_type={"noise": "epsilon", "velocity": "v_prediction"}[prediction],
        timestep_spacing=spacing,
        clip_sample=True,
        clip_sample_range=clip,
    )
    reference.set_timesteps(steps)
    return reference


def test_schedule_equals_diffusers():
    reference = scheduler(8, 1.0).alphas_cumprod
    np.testing.assert_allclose(cosine_signal(LEVELS), reference, atol=1e-6)


@pytest.mark.parametrize("prediction", ["noise", "velocity"])
@pytest.mark.parametrize("clip", [0.8, 50.0])
@pytest.mark.parametrize(
    ("steps", "spacing"),
    [
        (1, "leading"),
        (8, "leading"),
        (12, "leading"),
        (8, "trailing"),
        (10, "trailing"),
        (12, "trailing"),
        (25, "trailing"),
    ],
)
def test_unguided_ddim_equals_diffusers_step_for_step(steps, spacing, clip, prediction):
    generator = torch.Generator().manual_seed(steps)
    noise = torch.randn((5, *SHAPE), generator=generator)
    weights = torch.randn((18, 18), generator=generator) / 6
    seen = []

    def network(x, level):
        return torch.sin(x.flatten(1) @ weights + level).reshape(x.shape) + 0.5 * x

    config = sampling(steps, clip=clip, spacing=spacing)
    plan = ddim_plan(LEVELS, config)

    def predict(x, index):
        seen.append(x)
        output = network(x, plan[index].timestep)
        return clean_motion(prediction, output, x, plan[index].signal)

    seen.append(guided_ddim(predict, plan, config, noise, torch.zeros(5), noise))
    reference, x = scheduler(steps, clip, prediction, spacing), noise
    levels = reference.timesteps.tolist()
    assert [step.timestep for step in plan] == levels
    for index, (level, following) in enumerate(zip(levels, [*levels[1:], -1], strict=True)):
        # `step` ends at level - T // steps, which for steps of unequal size is not the level at
        # which the next one begins; with so many levels and one step it ends there.
        reference.num_inference_steps = 1
        reference.register_to_config(num_train_timesteps=level - following)
        np.testing.assert_allclose(seen[index], x, rtol=1e-4, atol=1e-4)
        output = network(x, level)
        x = reference.step(output, level, x, use_clipped_model_output=True).prev_sample
    np.testing.assert_allclose(seen[-1], x, rtol=1e-4, atol=1e-4)


def test_noise_is_added_by_the_schedule():
    motion, noise = torch.full((2, 1, 1, 1), 2.0), torch.full((2, 1, 1, 1), 3.0)
    noisy = add_noise(motion, noise, torch.tensor([0.64, 1.0]))
    np.testing.assert_allclose(noisy.flatten(), [0.8 * 2 + 0.6 * 3, 2.0], rtol=1e-6)


def test_either_prediction_gives_the_motion_back():
    motion, noise = torch.full((1, 1, 1, 1), 2.0), torch.full((1, 1, 1, 1), 3.0)
    signal = torch.tensor([0.64])
    x = add_noise(motion, noise, signal)
    velocity = training_target("velocity", motion, noise, signal)
    np.testing.assert_allclose(velocity.item(), 0.8 * 3 - 0.6 * 2, rtol=1e-6)
    assert training_target("noise", motion, noise, signal) is noise
    for kind, output in (("noise", noise), ("velocity", velocity)):
        np.testing.assert_allclose(clean_motion(kind, output, x, 0.64).item(), 2.0, rtol=1e-6)


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (1.5, 0.5), (-2.0, 2.0)])
def test_no_guidance_gives_the_prior(mean, std):
    values = [-2.0, -1.0, 0.0, 1.0, 2.0]
    for rule in ("constant", "posterior"):
        config = sampling(1000, rule)
        found = sample(ddim_plan(1000, config), config, mean, std**2, 5.0, 0.0, values)
        np.testing.assert_allclose(found, [mean + std * v for v in values], atol=0.02)


@pytest.mark.parametrize("guidance", [0.5, 3.0, 40.0])
def test_posterior_rule_gives_the_posterior_of_a_unit_gaussian(guidance):
    mean, command, values = 0.7, -1.1, [-2.0, -1.0, 0.0, 1.0, 2.0]
    config = sampling(2000, "posterior")
    found = sample(ddim_plan(2000, config), config, mean, 1.0, command, guidance, values)
    centre, std = (mean + guidance * command) / (1 + guidance), (1 + guidance) ** -0.5
    np.testing.assert_allclose(found, [centre + std * v for v in values], atol=0.01)


@pytest.mark.parametrize("steps", [1, 4, 8, 12])
@pytest.mark.parametrize("strength", [0.05, 0.2, 0.7])
def test_constant_rule_moves_a_certain_prior_by_its_share(steps, strength):
    config = sampling(steps)
    plan = ddim_plan(LEVELS, config)
    found = sample(plan, config, 0.3, 0.0, 2.0, strength, [-1.0, 0.0, 1.0])
    np.testing.assert_allclose(found, 0.3 + strength * (2.0 - 0.3), atol=1e-9)


@pytest.mark.parametrize("variance", [0.0, 0.25, 1.0, 9.0, 1e12])
def test_constant_rule_follows_its_recursion(variance):
    """Independent of the sampler: in y = x / sqrt(a) each step is one linear map."""
    mean, command, noise, strength = 0.4, -1.5, 0.9, 0.3
    plan = ddim_plan(LEVELS, sampling(8))
    y = noise / math.sqrt(plan[0].signal)
    for step in plan:
        now, after = step.signal, step.next_signal
        trust = now * variance / (now * variance + 1 - now)
        clean = mean + trust * (y - mean)
        clean += strength * (command - clean)
        kept = math.sqrt(now * (1 - after) / (after * (1 - now)))
        y = (1 - kept) * clean + kept * y
    found = sample(plan, sampling(8), mean, variance, command, strength, [noise])
    np.testing.assert_allclose(found, y, rtol=1e-9)


def test_full_guidance_gives_the_command():
    for guidance in (1.0, 7.0):  # the constant rule knows no more than all of it
        found = sample(ddim_plan(LEVELS, sampling(8)), sampling(8), 0.5, 1.0, -3.0, guidance, [1.0])
        np.testing.assert_allclose(found, -3.0, atol=1e-9)
    found = sample(
        ddim_plan(LEVELS, sampling(8)), sampling(8, "posterior"), 0.5, 1.0, -3.0, 1e9, [1.0]
    )
    np.testing.assert_allclose(found, -3.0, atol=1e-3)


def test_clip_bounds_the_prior_and_not_the_command():
    plan = ddim_plan(LEVELS, sampling(8))
    found = sample(plan, sampling(8, clip=2.0), 5.0, 0.0, 30.0, 0.0, [0.0])
    np.testing.assert_allclose(found, 2.0)
    found = sample(plan, sampling(8, clip=2.0), 5.0, 0.0, 30.0, 1.0, [0.0])
    np.testing.assert_allclose(found, 30.0)


def test_more_steps_than_levels_are_refused():
    with pytest.raises(UserError, match="9 DDIM steps of a model with 8 levels"):
        ddim_plan(8, sampling(9))

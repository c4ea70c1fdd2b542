"""The assembled controller on two hands."""

import numpy as np
import pytest
import torch

from configs.load import load
from configs.schema.export import Sampling
from configs.schema.pipeline import Config
from models.controller import (
    Controller,
    ControllerError,
    PaperAssistance,
    Windows,
    load_controller,
    save_controller,
)
from models.motion import apply_action
from models.normalizer import NormalizerError
from models.state import split_step, start, state_step

TINY = [
    "train.controller.denoiser.hidden=16",
    "train.controller.denoiser.blocks=1",
    "train.controller.denoiser.encoder_hidden=16",
    "train.controller.inverse_dynamics.hidden=16",
]
SAMPLING = Sampling(steps=4, spacing="trailing", rule="constant", clip=10.0)
BATCH = 5


@pytest.fixture(scope="module")
def config():
    return load(Config, TINY).train.controller


@pytest.fixture
def controller(body, config):
    torch.manual_seed(0)
    controller = Controller(body.layout, config)
    torch.nn.init.normal_(controller.denoiser.output.weight, std=0.1)  # it starts from 0
    layout = body.layout
    controller.normalizer.fit(
        torch.randn(50, layout.history, layout.step_size),
        0.001 * torch.randn(50, *layout.motion_shape),
        1e-4,
    )
    return controller.eval().requires_grad_(False)


@pytest.fixture
def inputs(body):
    """Histories that stand still near the rest pose, with some squeeze."""
    torch.manual_seed(1)
    layout = body.layout
    q = torch.tensor(body.hand.rest) + 0.05 * torch.randn(BATCH, layout.num_joints)
    history = start(state_step(body.kinematics, q, q + 0.1), layout.history)
    motion = 0.001 * torch.randn(BATCH, *layout.motion_shape)
    noise = torch.randn(BATCH, *layout.motion_shape)
    return history, motion, torch.zeros(BATCH, dtype=torch.int64), torch.full((BATCH,), 0.3), noise


def test_target_is_the_last_steps_arithmetic(body, controller, inputs):
    history = inputs[0]
    result = controller.assist(*inputs, SAMPLING)
    _, position, target, _ = split_step(body.layout, history[:, -1])
    assert result.action.abs().max() <= 1
    assert torch.equal(result.target, apply_action(body.layout, target, position, result.action))
    assert (result.target - target).abs().max() > 0
    assert result.motion.shape == (BATCH, *body.layout.motion_shape)


def test_full_guidance_returns_the_command(controller, inputs):
    history, motion, mode, guidance, noise = inputs
    result = controller.assist(history, motion, mode, torch.ones_like(guidance), noise, SAMPLING)
    np.testing.assert_allclose(result.motion, motion, atol=1e-8)


def test_no_guidance_ignores_the_command(controller, inputs):
    history, motion, mode, guidance, noise = inputs
    none = torch.zeros_like(guidance)
    result = controller.assist(history, motion, mode, none, noise, SAMPLING)
    other = controller.assist(history, 3 * motion, mode, none, noise, SAMPLING)
    assert all(torch.equal(a, b) for a, b in zip(result, other, strict=True))


def test_samples_of_a_batch_have_their_own_guidance(controller, inputs):
    history, motion, mode, _, noise = inputs
    guidance = torch.linspace(0, 1, BATCH)
    together = controller.assist(history, motion, mode, guidance, noise, SAMPLING)
    for i in range(BATCH):
        one = slice(i, i + 1)
        alone = controller.assist(
            history[one], motion[one], mode[one], guidance[one], noise[one], SAMPLING
        )
        np.testing.assert_allclose(together.action[i], alone.action[0], atol=1e-5)
        np.testing.assert_allclose(together.motion[i], alone.motion[0], atol=1e-7)


def test_equal_noise_gives_equal_bits(controller, inputs):
    first, second = (controller.assist(*inputs, SAMPLING) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    *rest, noise = inputs
    assert not torch.equal(controller.assist(*rest, -noise, SAMPLING).motion, first.motion)


def test_jitter_is_added_to_the_standardised_history(body, controller):
    """Jitter that turns one history into another gives the other's losses."""
    layout = body.layout
    histories = torch.randn(2, BATCH, layout.history, layout.step_size)
    motion = 0.001 * torch.randn(BATCH, *layout.motion_shape)
    action, mode = torch.rand(BATCH, layout.num_joints), torch.zeros(BATCH, dtype=torch.int64)
    one, other = (Windows(history, motion, action, mode) for history in histories)
    noise, level = torch.randn(BATCH, *layout.motion_shape), torch.arange(BATCH) * 20
    standardised = [controller.normalizer.history(history) for history in histories]
    jitter, none = standardised[1] - standardised[0], torch.zeros(1)

    def losses(windows, jitter):
        prior = controller.prior_loss(windows, noise, level, jitter)
        return [float(loss) for loss in (prior, *controller.inverse_losses(windows, jitter))]

    np.testing.assert_allclose(losses(one, jitter), losses(other, none), rtol=1e-4)
    still, moved = losses(one, none), losses(one, jitter)
    assert all(abs(a - b) > 1e-3 for a, b in zip(still, moved, strict=True))


def test_missing_statistics_are_an_error(body, config, tmp_path):
    controller = Controller(body.layout, config)
    with pytest.raises(NormalizerError, match="statistics are missing"):
        PaperAssistance(controller, SAMPLING)
    with pytest.raises(NormalizerError, match="statistics are missing"):
        save_controller(controller, tmp_path / "weights.safetensors")


def test_round_trip(body, config, controller, inputs, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_controller(controller, path)
    loaded = load_controller(path, body.layout, config)
    wanted, found = (c.assist(*inputs, SAMPLING) for c in (controller, loaded))
    assert all(torch.equal(a, b) for a, b in zip(wanted, found, strict=True))
    again = tmp_path / "again.safetensors"
    save_controller(loaded, again)
    assert again.read_bytes() == path.read_bytes()


def test_weights_of_another_hand_are_refused(bodies, config, tmp_path):
    allegro, trident = bodies["allegro"].layout, bodies["trident"].layout
    controller = Controller(allegro, config)
    controller.normalizer.fit(
        torch.randn(9, allegro.history, allegro.step_size),
        torch.randn(9, *allegro.motion_shape),
        1e-4,
    )
    path = tmp_path / "weights.safetensors"
    save_controller(controller, path)
    with pytest.raises(ControllerError, match="not the weights of this controller"):
        load_controller(path, trident, config)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ControllerError, match="not the weights of this controller"):
        load_controller(path, allegro, config)
    with pytest.raises(ControllerError, match="not the weights of this controller"):
        load_controller(tmp_path / "nothing", allegro, config)


def test_widths_must_fit_the_groups(body):
    config = load(Config, ["train.controller.denoiser.hidden=20"]).train.controller
    with pytest.raises(ControllerError, match=r"denoiser\.hidden: 20 is no multiple of groups 8"):
        Controller(body.layout, config)

"""What one batch does to learning rate and average, against numbers worked by hand."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch

from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.train import Train
from models.controller import Controller
from models.kinematics import Kinematics
from tasks.learning.batches import Batches
from tasks.learning.data import in_memory
from tasks.learning.loop import Loop, Losses, TrainingError, fit, rate
from tasks.learning.train import make_controller
from tasks.learning.windows import read_frames
from tests.tasks.synthetic_episodes import write_dataset

SETTINGS = [
    "train.controller.denoiser.hidden=16",
    "train.controller.denoiser.blocks=1",
    "train.controller.denoiser.encoder_hidden=16",
    "train.controller.inverse_dynamics.hidden=16",
    "train.batch=32",
]


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> tuple[Train, Controller, Batches]:
    config = load(Config, SETTINGS)
    settings, layout = config.train, config.embodiment.make_layout()
    folder = write_dataset(tmp_path_factory.mktemp("data") / "d", config.embodiment, 8, 30)
    frames = read_frames(folder, layout, Kinematics(config.hand), settings.max_frames)
    data = in_memory(frames, layout, settings, 0)
    batches = Batches(data.prior, data.inverse, layout, size=32, levels=100, jitter=0.0, seed=0)
    return settings, make_controller(data.statistics(), layout, settings, 0), batches


def losses_of(batches: Batches) -> Losses:
    """Return the controller's losses on numbered batches, as the step computes them."""

    def losses(model: Controller, index: int) -> dict[str, torch.Tensor]:
        batch = batches.draw(index)
        prior = model.prior_loss(batch.prior, batch.noise, batch.level, batch.prior_jitter)
        inverse, spread = model.inverse_losses(batch.inverse, batch.inverse_jitter)
        return {"prior": prior, "inverse": inverse, "spread": spread}

    return losses


def make_loop(parts, total: int = 100, **changes) -> Loop:
    settings, controller, batches = parts
    config = dataclasses.replace(settings, **changes)
    return Loop(controller, config, losses_of(batches), total, lambda _: None)


def fill(controller: Controller, value: float) -> None:
    with torch.no_grad():
        for weights in controller.parameters():
            weights.fill_(value)


def test_rate_rises_and_falls_as_a_cosine():
    found = [rate(done, 100, 0.1) for done in (0, 4, 9, 10, 40, 55, 70, 99)]
    # after 10 batches of rise, 90 of fall: 40 is a third of it, 55 the half, 70 two thirds
    last = 0.5 * (1 + math.cos(math.pi * 89 / 90))
    assert found == pytest.approx([0.1, 0.5, 1.0, 1.0, 0.75, 0.5, 0.25, last])


def test_each_batch_has_its_learning_rate(parts):
    settings = parts[0]
    loop = make_loop(
        parts, optimizer=dataclasses.replace(settings.optimizer, learning_rate=0.01, warmup=0.1)
    )
    optimizer = loop.configure_optimizers()
    for done, expected in ((0, 0.001), (10, 0.01), (55, 0.005), (70, 0.0025)):
        loop.done = done
        loop.on_before_optimizer_step(optimizer)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([expected])


def test_average_follows_quickly_and_then_with_its_decay(parts):
    loop = make_loop(parts, averaging=0.2, averaging_rise=10)
    fill(loop.average, 0.0)
    expected = 0.0
    # decay k / (k + 10), at most 0.2: after one batch 1/11, after two 2/12, then 0.2
    for weights, decay in ((1.0, 1 / 11), (3.0, 2 / 12), (-2.0, 0.2), (5.0, 0.2)):
        fill(loop.model, weights)
        loop.on_train_batch_end()
        expected = decay * expected + (1 - decay) * weights
        for kept in loop.average.parameters():
            torch.testing.assert_close(kept, torch.full_like(kept, expected))


def test_no_averaging_keeps_the_last_weights(parts):
    loop = make_loop(parts, averaging=0.0)
    loop.on_train_batch_end()
    assert loop.average is loop.model


def test_the_result_is_the_average_and_not_the_last_weights(parts, tmp_path: Path):
    settings, controller, batches = parts
    config = dataclasses.replace(settings, samples=10 * 32, averaging=0.9)
    path = tmp_path / "checkpoint.pt"
    trained = fit(controller, config, losses_of(batches), path, lambda *_: None, lambda *_: None)
    kept, weights = torch.load(path, weights_only=True), dict(trained.named_parameters())
    assert all(torch.equal(kept["average"][name], weights[name]) for name in weights)
    assert any(not torch.equal(kept["model"][name], weights[name]) for name in weights)


def test_the_loss_is_the_sum_and_each_network_is_clipped_on_its_own(parts):
    """Gradients of 100 in every weight: each child's norm ends at the limit, not their sum's."""
    settings, controller, _ = parts
    limit = dataclasses.replace(settings.optimizer, gradient_clip=0.5)
    loop = make_loop(parts, optimizer=limit)
    total = loop.training_step(0)
    assert list(loop.losses) == ["prior", "inverse", "spread"]
    torch.testing.assert_close(total, sum(loop.losses.values()))
    for weights in controller.parameters():
        weights.grad = torch.full_like(weights, 100.0)
    loop.on_before_optimizer_step(loop.configure_optimizers())
    for network in (controller.denoiser, controller.inverse_dynamics):
        squares = sum(float(weights.grad.square().sum()) for weights in network.parameters())
        assert math.sqrt(squares) == pytest.approx(0.5, rel=1e-3)


def test_losses_that_are_not_finite_end_the_training(parts, tmp_path: Path):
    settings, controller, batches = parts
    config = dataclasses.replace(settings, samples=2 * 32)

    def broken(model, index):
        return {name: loss * torch.nan for name, loss in losses_of(batches)(model, index).items()}

    with pytest.raises(TrainingError, match="not finite; lower the optimizer's learning_rate"):
        fit(controller, config, broken, tmp_path / "c.pt", lambda *_: None, lambda *_: None)
    assert not (tmp_path / "c.pt").exists()

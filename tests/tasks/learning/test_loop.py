"""What one batch does to learning rate and average, against numbers worked by hand."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from torch import nn

from configs.errors import UserError
from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.train import Train
from models.controller import Controller
from models.kinematics import Kinematics
from tasks.learning.loop import Loop, fit, rate
from tasks.learning.train import losses_on, make_controller
from tasks.learning.training_data import InMemory, TrainingData, training_data
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
def parts(tmp_path_factory) -> tuple[Train, Controller, TrainingData]:
    config = load(Config, SETTINGS)
    settings, layout = config.train, config.embodiment.make_layout()
    folder = write_dataset(tmp_path_factory.mktemp("data") / "d", config.embodiment, 8, 30)
    frames = read_frames(folder, layout, Kinematics(config.hand), settings.max_frames)
    data = training_data(InMemory(frames, layout, settings, 0), settings)
    return settings, make_controller(data.statistics(), layout, settings, 0), data


def losses_of(parts):
    settings, controller, data = parts
    return losses_on(data, controller.layout, settings, 0)


class Line(nn.Module):
    """One network whose weight the loss pulls up by a gradient of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.network.weight)


def watched(parts, tmp_path: Path, batches: int, **changes) -> list[tuple[float, float]]:
    """Return the weight and its average after each batch of a training of `Line`."""
    config = dataclasses.replace(parts[0], samples=32 * batches, validate_every=1, **changes)
    model, seen = Line(), []

    def losses(line: Line, _: int) -> dict[str, torch.Tensor]:
        return {"line": -line.network.weight.sum()}

    def report(_: int, average: Line, __: dict[str, float]) -> None:
        seen.append((float(model.network.weight.detach()), float(average.network.weight.detach())))

    fit(model, config, losses, tmp_path / "checkpoint.ckpt", report, lambda *_: None)
    return seen


def test_rate_rises_and_falls_as_a_cosine():
    found = [rate(done, 100, 0.1) for done in (0, 4, 9, 10, 40, 55, 70, 99)]
    # after 10 batches of rise, 90 of fall: 40 is a third of it, 55 the half, 70 two thirds
    last = 0.5 * (1 + math.cos(math.pi * 89 / 90))
    assert found == pytest.approx([0.1, 0.5, 1.0, 1.0, 0.75, 0.5, 0.25, last])


def test_each_batch_has_its_learning_rate(parts, tmp_path):
    """Adam under an even gradient goes on by the learning rate."""
    optimizer = dataclasses.replace(
        parts[0].optimizer, learning_rate=0.01, warmup=0.1, weight_decay=0.0
    )
    weights = [0.0, *(w for w, _ in watched(parts, tmp_path, 100, optimizer=optimizer))]
    steps = [weights[done + 1] - weights[done] for done in (0, 10, 55, 70)]
    assert steps == pytest.approx([0.001, 0.01, 0.005, 0.0025], rel=1e-3)


def test_average_follows_quickly_and_then_with_its_decay(parts, tmp_path):
    """Decay k / (k + 10), at most 0.2: after one batch 1/11, after two 2/12, then 0.2."""
    expected = 0.0
    seen = watched(parts, tmp_path, 4, averaging=0.2, averaging_rise=10)
    for (weight, average), decay in zip(seen, (1 / 11, 2 / 12, 0.2, 0.2), strict=True):
        expected = decay * expected + (1 - decay) * weight
        assert average == pytest.approx(expected)
    assert seen[-1][0] > seen[-1][1] > 0


def test_no_averaging_keeps_the_last_weights(parts, tmp_path):
    assert all(weight == average for weight, average in watched(parts, tmp_path, 3, averaging=0.0))


def test_the_result_is_the_average_and_not_the_last_weights(parts, tmp_path: Path):
    settings, controller, _ = parts
    config = dataclasses.replace(settings, samples=10 * 32, averaging=0.9, checkpoint_every=10)
    path, losses = tmp_path / "checkpoint.ckpt", losses_of(parts)
    trained = fit(controller, config, losses, path, lambda *_: None, lambda *_: None)
    kept, weights = torch.load(path, weights_only=True), dict(trained.named_parameters())
    average, last = kept["state_dict"], kept["current_model_state"]
    assert all(torch.equal(average[f"model.{name}"], weights[name]) for name in weights)
    assert any(not torch.equal(last[f"model.{name}"], weights[name]) for name in weights)
    again = fit(controller, config, losses, path, lambda *_: None, lambda *_: None)
    assert all(torch.equal(weights[name], now) for name, now in again.named_parameters())


def test_the_loss_is_the_sum_and_each_network_is_clipped_on_its_own(parts):
    """Gradients of 100 in every weight: each child's norm ends at the limit, not their sum's."""
    settings, controller, _ = parts
    limit = dataclasses.replace(settings.optimizer, gradient_clip=0.5)
    config = dataclasses.replace(settings, optimizer=limit)
    loop = Loop(controller, config, losses_of(parts), 100)
    total = loop.training_step(None, 0)
    assert list(loop.losses) == ["prior", "inverse", "spread"]
    torch.testing.assert_close(total, sum(loop.losses.values()))
    for weights in controller.parameters():
        weights.grad = torch.full_like(weights, 100.0)
    loop.on_before_optimizer_step(torch.optim.SGD(controller.parameters()))
    for network in (controller.denoiser, controller.inverse_dynamics):
        squares = sum(float(weights.grad.square().sum()) for weights in network.parameters())
        assert math.sqrt(squares) == pytest.approx(0.5, rel=1e-3)


def test_losses_that_are_not_finite_end_the_training(parts, tmp_path: Path):
    settings, controller, _ = parts
    config = dataclasses.replace(settings, samples=2 * 32)

    def broken(model, index):
        return {name: loss * torch.nan for name, loss in losses_of(parts)(model, index).items()}

    with pytest.raises(UserError, match="not finite; lower the optimizer's learning_rate"):
        fit(controller, config, broken, tmp_path / "c.ckpt", lambda *_: None, lambda *_: None)
    assert not (tmp_path / "c.ckpt").exists()

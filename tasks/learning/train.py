"""Step `train`: a checked dataset becomes a controller (section III-C of the paper)."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

import torch
from torch import Tensor

from configs.errors import UserError
from configs.layout import Layout
from configs.refs import Ref
from configs.schema.train import ControllerConfig, Train, TrainStep
from models.controller import Controller, Windows
from models.kinematics import Kinematics
from models.weights import Artifact
from tasks.data.verdict import require_checked
from tasks.learning.buffers import ALONE, Rank, generator
from tasks.learning.shard_cache import fetch_as_read
from tasks.learning.training_data import TrainingData, Validation, open_data
from tasks.running.context import Context

CONTROLLERS = Artifact("controller", "train", 1, "controller", ControllerConfig, Controller)
CHECKPOINT = "checkpoint.ckpt"  # in the step's scratch folder


def train(config: TrainStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Train prior and inverse dynamics on `refs["dataset"]` and publish the controller.

    Killed and started again, it goes on from its last checkpoint and ends with the same bits.

    Raises:
        LayoutMismatch: the dataset is of another layout. UserError: nothing to train on.
        UserError: the dataset did not pass its checks, or is not what was checked.
        UserError: no such accelerator, or losses that are not finite.
    """
    from tasks.learning.loop import fit

    layout, settings = config.embodiment.make_layout(), config.train
    torch.set_num_threads(settings.threads)
    kinematics = Kinematics(config.embodiment.hand)
    if settings.loader == "stream":
        kept = settings.stream.kept_shards
        folder, opener = fetch_as_read(context, refs["dataset"], layout, kept)
    else:
        folder, opener = context.open(refs["dataset"]), None
    shards = require_checked(folder, layout).shards
    if settings.accelerator == "cuda" and not torch.cuda.is_available():
        raise UserError("train.accelerator: cuda: no GPU that torch can use; set it to cpu")
    data = open_data(folder, shards, layout, kinematics, settings, config.seed, open_fetched=opener)

    def report(done: int, model: Controller, losses: dict[str, float]) -> None:
        figures = {f"train.{name}": value for name, value in losses.items()}
        figures |= validate(model, data.validation, settings, config.seed)
        for name, value in figures.items():
            context.record(name, value, done * settings.batch)

    path = context.scratch / CHECKPOINT
    with closing(data):
        model = make_controller(data.statistics(), layout, settings, config.seed)
        losses = losses_on(data, layout, settings, config.seed)
        trained = fit(model, settings, losses, path, report, context.progress, data)
    held_back = data.validation.to(torch.device("cpu"))
    files = CONTROLLERS.write(
        trained,
        context.scratch,
        layout,
        settings.controller,
        windows=dict(data.counts),
        figures=validate(trained, held_back, settings, config.seed),
        motion_rms_m=float(trained.normalizer.scale),
    )
    return context.publish(files, "controller", list(refs.values()))


def losses_on(
    data: TrainingData, layout: Layout, settings: Train, seed: int
) -> Callable[[Controller, int], dict[str, Tensor]]:
    """Return the losses of both networks as a function of the model and a batch's number."""

    def losses(model: Controller, index: int) -> dict[str, Tensor]:
        prior, inverse = data.prior.take(settings.batch), data.inverse.take(settings.batch)
        noise = draw_noise(layout, settings, seed, index, data.rank)
        error, spread = model.inverse_losses(inverse, noise.inverse)
        return {
            "prior": model.prior_loss(prior, noise.motion, noise.level, noise.prior),
            "inverse": error,
            "spread": spread,
        }

    return losses


@dataclass(frozen=True)
class BatchNoise:
    """The noise of one batch, on the training's device."""

    motion: Tensor  # [B, T, K, 3]
    level: Tensor  # [B] int64 noise level
    prior: Tensor  # [B, H, S] on the prior's standardised history; [1] zero: none
    inverse: Tensor  # [B, H, S]


def draw_noise(
    layout: Layout, settings: Train, seed: int, index: int, rank: Rank = ALONE
) -> BatchNoise:
    """Return the noise of batch `index`: a function of seed, number and rank alone.

    So a training that goes on from batch k draws what an uninterrupted one would have drawn.
    """
    draws = generator(seed, 2, index, *rank.key)
    history = (settings.batch, layout.history, layout.step_size)
    steps = settings.controller.diffusion_steps

    def jitter() -> Tensor:
        if not settings.history_noise:
            return torch.zeros(1)
        return settings.history_noise * torch.randn(history, generator=draws)

    noise = BatchNoise(
        motion=torch.randn((settings.batch, *layout.motion_shape), generator=draws),
        level=torch.randint(steps, (settings.batch,), generator=draws),
        prior=jitter(),
        inverse=jitter(),
    )
    device = torch.device(settings.accelerator)
    return BatchNoise(**{name: tensor.to(device) for name, tensor in vars(noise).items()})


def make_controller(windows: Windows, layout: Layout, settings: Train, seed: int) -> Controller:
    """Return a controller with seeded weights and the statistics of windows for the prior."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, 3).initial_seed())
        controller = Controller(layout, settings.controller)
    controller.normalizer.fit(windows.history, windows.motion, settings.minimum_std)
    return controller


@torch.no_grad()
def validate(
    model: Controller, held_back: Validation, settings: Train, seed: int
) -> dict[str, float]:
    """Return losses on the held-back episodes, under noise that is the same each time."""
    prior, inverse = held_back.prior, held_back.inverse
    device = prior.history.device
    draws = generator(seed, 4)
    noise = torch.randn(prior.motion.shape, generator=draws).to(device)
    level = torch.arange(len(noise), device=device) % settings.controller.diffusion_steps
    none = torch.zeros(1, device=device)
    error, spread = model.inverse_losses(inverse, none)
    return {
        "validation.prior": float(model.prior_loss(prior, noise, level, none)),
        "validation.inverse": float(error),
        "validation.spread": float(spread),
        # what the inverse dynamics must beat: the mean square of the actions themselves
        "validation.action": float(inverse.action.square().mean()),
    }

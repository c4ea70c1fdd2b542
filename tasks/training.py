"""Step `train`: a checked dataset becomes a controller (section III-C of the paper)."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from configs.layout import Layout
from configs.load import plain
from configs.refs import Ref
from configs.schema.train import Train, TrainStep
from models.controller import Controller, save_controller
from models.kinematics import Kinematics
from tasks.batches import Batches, generator
from tasks.context import Context
from tasks.verdict import require_checked
from tasks.windows import (
    Frames,
    WindowsError,
    clean_rows,
    gather,
    read_frames,
    split_episodes,
    valid_rows,
)

FORMAT = 1
WEIGHTS, DESCRIPTION = "controller.safetensors", "controller.json"  # files of the artifact
CHECKPOINT = "checkpoint.pt"  # in the step's scratch folder


def train(config: TrainStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Train prior and inverse dynamics on `refs["dataset"]` and publish the controller.

    Killed and started again, it goes on from its last checkpoint and ends with the same bits.

    Raises:
        LayoutMismatch: the dataset is of another layout. WindowsError: nothing to train on.
        VerdictError: the dataset did not pass its checks, or is not what was checked.
        TrainingError: no such accelerator, or losses that are not finite.
    """
    from tasks import training_loop  # Lightning takes seconds to import

    layout, settings = config.embodiment.make_layout(), config.train
    torch.set_num_threads(settings.threads)
    kinematics = Kinematics(config.embodiment.hand)
    folder = context.open(refs["dataset"])
    require_checked(folder, layout)
    frames = read_frames(folder, layout, kinematics, settings.max_frames)
    rows = choose_rows(frames, layout, settings, config.seed)
    if settings.accelerator == "cuda" and not torch.cuda.is_available():
        raise training_loop.TrainingError(
            "train.accelerator: cuda: no GPU that torch can use; set it to cpu"
        )
    controller = make_controller(frames, rows["prior"], layout, settings, config.seed)
    device = torch.device(settings.accelerator)
    frames = frames.to(device)
    batches = Batches(
        frames,
        layout,
        rows["prior"],
        rows["inverse"],
        size=settings.batch,
        levels=settings.controller.diffusion_steps,
        jitter=settings.history_noise,
        seed=config.seed,
    )

    def report(done: int, model: Controller, losses: dict[str, float]) -> None:
        figures = {f"train.{name}": value for name, value in losses.items()}
        figures |= validate(model, frames, rows, layout, settings, config.seed)
        for name, value in figures.items():
            context.record(name, value, done * settings.batch)

    def losses(model: Controller, index: int) -> dict[str, Tensor]:
        batch = batches.draw(index)
        prior = model.prior_loss(batch.prior, batch.noise, batch.level, batch.prior_jitter)
        inverse, spread = model.inverse_losses(batch.inverse, batch.inverse_jitter)
        return {"prior": prior, "inverse": inverse, "spread": spread}

    trained = training_loop.fit(
        controller, settings, losses, context.scratch / CHECKPOINT, report, context.progress
    )
    trained.requires_grad_(False)
    figures = validate(trained, frames.to(torch.device("cpu")), rows, layout, settings, config.seed)
    counts = {name: len(part) for name, part in rows.items()}
    files = write_artifact(trained, context.scratch, layout, config, figures, counts)
    return context.publish(files, "controller", list(refs.values()))


def choose_rows(frames: Frames, layout: Layout, settings: Train, seed: int) -> dict[str, Tensor]:
    """Return rows by use: prior, inverse; and their validation parts, evenly thinned.

    Raises:
        WindowsError: one of them is empty.
    """
    training, held_back = split_episodes(frames, settings.validation_share, seed)
    every = valid_rows(frames, training, layout.horizon)
    every_held_back = valid_rows(frames, held_back, layout.horizon)
    rows = {
        "prior": clean_rows(frames, every, layout.horizon),
        "inverse": every,
        "prior_validation": clean_rows(frames, every_held_back, layout.horizon),
        "inverse_validation": every_held_back,
    }
    for name, part in rows.items():
        if len(part) == 0:
            raise WindowsError(
                f"dataset: no window for {name}: {len(frames)} frames; collect longer episodes "
                "or more of them without injected noise"
            )
        if name.endswith("validation"):
            stride = math.ceil(len(part) / settings.validation_windows)
            rows[name] = part[::stride]
    return rows


def make_controller(
    frames: Frames, rows: Tensor, layout: Layout, settings: Train, seed: int
) -> Controller:
    """Return a controller with seeded weights and statistics of the training windows."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, 3).initial_seed())
        controller = Controller(layout, settings.controller)
    rows = rows[:: math.ceil(len(rows) / settings.statistics_windows)]
    windows = gather(frames, rows, layout)
    controller.normalizer.fit(windows.history, windows.motion, settings.minimum_std)
    return controller


@torch.no_grad()
def validate(
    model: Controller,
    frames: Frames,
    rows: Mapping[str, Tensor],
    layout: Layout,
    settings: Train,
    seed: int,
) -> dict[str, float]:
    """Return losses on the held-back episodes, under noise that is the same each time."""
    device = frames.step.device
    prior = gather(frames, rows["prior_validation"].to(device), layout)
    inverse = gather(frames, rows["inverse_validation"].to(device), layout)
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


def write_artifact(
    controller: Controller,
    folder: Path,
    layout: Layout,
    config: TrainStep,
    figures: Mapping[str, float],
    counts: Mapping[str, int],
) -> dict[str, Path]:
    """Write weights and description into `folder`; return the files by name."""
    files = {name: folder / name for name in (WEIGHTS, DESCRIPTION)}
    save_controller(controller, files[WEIGHTS])
    description = {
        "format": FORMAT,
        "layout": layout.fingerprint(),
        "controller": plain(config.train.controller),
        "windows": dict(counts),
        "figures": dict(figures),
        "motion_rms_m": float(controller.normalizer.scale),
    }
    files[DESCRIPTION].write_text(json.dumps(description, sort_keys=True, indent=1))
    return files

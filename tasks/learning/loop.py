"""The loop around the losses: Lightning, AdamW, moving average, exact resume.

Imported where training starts only: Lightning takes seconds to import.
"""

import logging
import math
import warnings
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import lightning.pytorch as lightning
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader

from configs.errors import UserError
from configs.files import replacing
from configs.schema.train import Optimizer

Model = TypeVar("Model", bound=nn.Module)
Losses = Callable[[Model, int], dict[str, Tensor]]  # model, batch number -> losses by name
Report = Callable[[int, Model, dict[str, float]], None]  # batch, averaged model, losses
Progress = Callable[[float, float, str], None]  # done, total, unit


class TrainingError(UserError):
    """A training that cannot start or has gone wrong; one line with the remedy."""


class Resumable(Protocol):
    """Data whose place goes into the checkpoint (tasks/learning/data.py)."""

    def state(self) -> dict[str, Any]: ...
    def resume(self, state: dict[str, Any]) -> None: ...


class Budget(Protocol):
    """What of a step's configuration the loop reads (configs/schema/train.py)."""

    @property
    def optimizer(self) -> Optimizer: ...
    @property
    def samples(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def averaging(self) -> float: ...
    @property
    def averaging_rise(self) -> float: ...
    @property
    def validate_every(self) -> int: ...
    @property
    def checkpoint_every(self) -> int: ...
    @property
    def accelerator(self) -> str: ...


class Loop(lightning.LightningModule):
    """Losses of numbered batches; everything that a resume needs is in `checkpoint`.

    The gradient of each child of the model is clipped on its own: a controller's networks share no
    weights, and one's loss is none of the other's.
    """

    def __init__(
        self,
        model: nn.Module,
        config: Budget,
        compute: Losses,
        total: int,
        watch: Callable[["Loop"], None],
        data: Resumable | None = None,
    ):
        super().__init__()
        self.watch = watch  # called after each batch
        self.data = data
        self.model = model
        # With no averaging the average is the model itself.
        self.average = deepcopy(model) if config.averaging else model
        self.average.requires_grad_(not config.averaging)
        self.config, self.compute, self.total = config, compute, total
        self.done = 0  # batches
        self.optimizer_state: dict[str, Any] | None = None
        self.losses: dict[str, Tensor] = {}

    def training_step(self, index: int) -> Tensor:
        """Return the sum of the losses on batch `index`."""
        self.losses = self.compute(self.model, index)
        return torch.stack(list(self.losses.values())).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=self.config.optimizer.learning_rate,
            weight_decay=self.config.optimizer.weight_decay,
            fused=True,
        )
        if self.optimizer_state is not None:
            optimizer.load_state_dict(self.optimizer_state)
        return optimizer

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Set this batch's learning rate and clip each network's gradient on its own."""
        for group in optimizer.param_groups:
            group["lr"] = self.config.optimizer.learning_rate * rate(
                self.done, self.total, self.config.optimizer.warmup
            )
        for network in self.model.children():
            if any(True for _ in network.parameters()):  # a normaliser has none
                clip_grad_norm_(network.parameters(), self.config.optimizer.gradient_clip)

    def on_train_batch_end(self, *_: Any) -> None:
        self.done += 1
        if self.config.averaging:
            # The average follows quickly at first: the first weights are noise.
            decay = min(self.config.averaging, self.done / (self.done + self.config.averaging_rise))
            with torch.no_grad():
                pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
                for kept, now in pairs:
                    kept.lerp_(now, 1 - decay)
        self.watch(self)

    def checkpoint(self) -> dict[str, Any]:
        """Return weights, average, optimiser, the number of batches done and the data's place."""
        return {
            "done": self.done,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.trainer.optimizers[0].state_dict(),
            "data": self.data.state() if self.data else {},
        }

    def resume(self, checkpoint: dict[str, Any]) -> None:
        """Take up what `checkpoint` returned."""
        self.done = checkpoint["done"]
        if self.data:
            self.data.resume(checkpoint["data"])
        self.model.load_state_dict(checkpoint["model"])
        self.average.load_state_dict(checkpoint["average"])
        self.optimizer_state = checkpoint["optimizer"]


class Watch:
    """After each batch: judge the losses, report, save, tell the progress."""

    def __init__(self, path: Path, report: Report, progress: Progress):
        self.path, self.report, self.progress = path, report, progress

    def __call__(self, loop: Loop) -> None:
        """Look at a loop that has just finished a batch.

        Raises:
            TrainingError: a loss is not finite.
        """
        config, last = loop.config, loop.done == loop.total
        if last or loop.done % config.validate_every == 0:
            losses = {name: float(loss) for name, loss in loop.losses.items()}
            if not all(math.isfinite(loss) for loss in losses.values()):
                raise TrainingError(
                    f"training: batch {loop.done}: losses {losses} are not finite; "
                    "lower the optimizer's learning_rate"
                )
            self.report(loop.done, loop.average, losses)
        if last or loop.done % config.checkpoint_every == 0:
            save_checkpoint(loop.checkpoint(), self.path)
        self.progress(loop.done * config.batch, loop.total * config.batch, "windows")


def rate(done: int, total: int, warmup: float) -> float:
    """Return the factor on the learning rate: linear rise, then a cosine to 0."""
    rise = max(1, round(warmup * total))
    if done < rise:
        return (done + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (done - rise) / max(1, total - rise)))


def save_checkpoint(checkpoint: dict[str, Any], path: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    with replacing(path) as temporary:
        torch.save(checkpoint, temporary)


def fit(
    model: Model,
    config: Budget,
    compute: Losses,
    path: Path,
    report: Report,
    progress: Progress,
    data: Resumable | None = None,
) -> Model:
    """Train up to the budget, from the checkpoint at `path` if there is one; return the average.

    `data` is what `compute` reads, if it has a place to go on from.
    """
    total = math.ceil(config.samples / config.batch)
    loop = Loop(model, config, compute, total, Watch(path, report, progress), data)
    if path.exists():
        loop.resume(torch.load(path, weights_only=True, map_location="cpu"))
    if loop.done < loop.total:
        _quiet()
        # Batches are gathered in memory by their number, so the loader hands out numbers only.
        numbers = DataLoader(
            range(loop.done, loop.total),  # type: ignore[arg-type]
            batch_size=None,
            generator=torch.Generator(),  # else the loader draws from the process's own
        )
        trainer = lightning.Trainer(
            accelerator="gpu" if config.accelerator == "cuda" else "cpu",
            devices=1,
            max_epochs=1,
            deterministic=True,
            barebones=True,  # no logger, progress bar, summary or checkpoints of its own
            default_root_dir=path.parent,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on workers and logging that does not apply
            trainer.fit(loop, numbers)
    return cast(Model, loop.average.cpu())


def _quiet() -> None:
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)

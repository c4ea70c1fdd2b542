"""The loop around the losses: Lightning's, with its moving average and its checkpoints.

Imported where training starts only: Lightning takes seconds to import.
"""

import logging
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, WeightAveraging
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from configs.errors import UserError
from configs.files import replacing
from configs.schema.train import Training

Model = TypeVar("Model", bound=nn.Module)
Losses = Callable[[Model, int], dict[str, Tensor]]  # model, batch number -> losses by name
Report = Callable[[int, Model, dict[str, float]], None]  # batch, averaged model, losses
Progress = Callable[[float, float, str], None]  # done, total, unit


class Resumable(Protocol):
    """Data whose place goes into the checkpoint (tasks/learning/buffers.py)."""

    def state(self) -> dict[str, Any]: ...
    def resume(self, state: dict[str, Any]) -> None: ...


class Loop(lightning.LightningModule):
    """Losses of numbered batches.

    The gradient of each child of the model is clipped on its own: a controller's networks share no
    weights, and one's loss is none of the other's.
    """

    def __init__(self, model: nn.Module, config: Training, compute: Losses, total: int):
        super().__init__()
        self.model = model
        self.config, self.compute, self.total = config, compute, total
        self.losses: dict[str, Tensor] = {}  # of the last batch

    def training_step(self, _: object, batch_idx: int) -> Tensor:
        """Return the sum of the losses on a batch by its number."""
        self.losses = self.compute(self.model, batch_idx)
        return torch.stack(list(self.losses.values())).sum()

    def configure_optimizers(self) -> Any:
        settings = self.config.optimizer
        optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=True,
        )
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda done: rate(done, self.total, settings.warmup)
        )
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        for network in self.model.children():
            if any(True for _ in network.parameters()):  # a normaliser has none
                clip_grad_norm_(network.parameters(), self.config.optimizer.gradient_clip)


class Average(WeightAveraging):
    """The moving average; it follows quickly at first, since the first weights are noise.

    After k batches its decay is k / (k + rise), at most `decay`.
    """

    def __init__(self, decay: float, rise: float, device: str):
        def follow(kept: list[Tensor], now: list[Tensor], batches: Tensor) -> None:
            share = 1 - min(decay, int(batches) / (int(batches) + rise))
            for average, weights in zip(kept, now, strict=True):
                average.lerp_(weights, share)

        super().__init__(device=device, use_buffers=False, multi_avg_fn=follow)

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        super().setup(trainer, pl_module, stage)
        assert self._average_model is not None
        self._average_model.n_averaged.fill_(1)  # else the first batch's weights replace it

    @property
    def model(self) -> nn.Module:
        assert self._average_model is not None
        return self._average_model.module.model  # type: ignore[return-value]


class Watch(lightning.Callback):
    """After each batch: judge the losses, report, tell the progress; remember the data's place."""

    def __init__(
        self, kept: Average | None, report: Report, progress: Progress, data: Resumable | None
    ):
        self.kept, self.report, self.progress, self.data = kept, report, progress, data

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        """Raise UserError where a loss is not finite."""
        loop, config, done = cast(Loop, pl_module), pl_module.config, trainer.global_step
        if done == loop.total or done % config.validate_every == 0:
            losses = {name: float(loss) for name, loss in loop.losses.items()}
            if not all(math.isfinite(loss) for loss in losses.values()):
                raise UserError(
                    f"training: batch {done}: losses {losses} are not finite; "
                    "lower the optimizer's learning_rate"
                )
            self.report(done, self.kept.model if self.kept else loop.model, losses)
        self.progress(done * config.batch, loop.total * config.batch, "windows")

    def state_dict(self) -> dict[str, Any]:
        return self.data.state() if self.data else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if self.data:
            self.data.resume(state_dict)


class WholeFiles(TorchCheckpointIO):
    """Lightning's checkpoints, written whole or not at all."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        with replacing(Path(path)) as temporary:
            torch.save(checkpoint, temporary)


def rate(done: int, total: int, warmup: float) -> float:
    """Return the factor on the learning rate: linear rise, then a cosine to 0."""
    rise = max(1, round(warmup * total))
    if done < rise:
        return (done + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (done - rise) / max(1, total - rise)))


def fit(
    model: Model,
    config: Training,
    compute: Losses,
    path: Path,
    report: Report,
    progress: Progress,
    data: Resumable | None = None,
) -> Model:
    """Train up to the budget, from the checkpoint at `path` if there is one; return the average.

    `data` is what `compute` reads, if it has a place to go on from.
    """
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    total = math.ceil(config.samples / config.batch)
    kept = None
    if config.averaging:
        kept = Average(config.averaging, config.averaging_rise, config.accelerator)
    saved = ModelCheckpoint(
        path.parent,
        path.stem,
        every_n_train_steps=config.checkpoint_every,
        enable_version_counter=False,
    )
    trainer = lightning.Trainer(
        accelerator="gpu" if config.accelerator == "cuda" else "cpu",
        devices=1,
        max_epochs=1,
        deterministic=True,
        callbacks=[*([kept] if kept else []), Watch(kept, report, progress, data), saved],
        plugins=[WholeFiles()],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=path.parent,
    )
    loop = Loop(model, config, compute, total)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on workers and logging that does not apply
        # Batches are made by their number: there is nothing for Lightning to load.
        start = path if path.exists() else None
        trainer.fit(loop, range(total), ckpt_path=start, weights_only=True)
    return cast(Model, (kept.model if kept else loop.model).cpu())

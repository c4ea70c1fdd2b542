"""What a training reads: windows for its batches, for its statistics and for its validation."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from configs.errors import UserError
from configs.layout import Layout
from configs.schema.train import Train
from envs.episodes.episodes import Shard, open_shard
from models.controller import Windows
from models.kinematics import Kinematics
from tasks.learning.buffers import ALONE, Rank, Read, WindowStream, in_one_buffer, join
from tasks.learning.shards import Arrays, OnDisk
from tasks.learning.windows import Frames, gather, read_frames, split_episodes, thin, window_rows

CLEAN = {"prior": True, "inverse": False}  # does a network learn from clean windows alone?


@dataclass(frozen=True, eq=False)
class Validation:
    """Windows of the held-back episodes."""

    prior: Windows
    inverse: Windows

    def to(self, device: torch.device) -> "Validation":
        return Validation(_move(self.prior, device), _move(self.inverse, device))


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Windows by use, on the training's device where nothing else is said.

    Args:
        statistics: returns windows for the normaliser, on the CPU. counts: what went in. rank:
            whose share of the windows it is.
    """

    prior: WindowStream[Windows]
    inverse: WindowStream[Windows]
    statistics: Callable[[], Windows]
    validation: Validation
    counts: Mapping[str, int]
    rank: Rank

    def state(self) -> dict[str, dict[str, int]]:
        """Return where the streams stand, for a checkpoint."""
        return {name: getattr(self, name).state() for name in CLEAN}

    def resume(self, state: Mapping[str, dict[str, int]]) -> None:
        """Take up what `state` returned."""
        for name in CLEAN:
            getattr(self, name).resume(state[name])

    def close(self) -> None:
        """End the threads that read ahead."""
        for name in CLEAN:
            getattr(self, name).close()


class InMemory:
    """All frames on the device, in one buffer."""

    def __init__(self, frames: Frames, layout: Layout, settings: Train, seed: int):
        device = torch.device(settings.accelerator)
        self.layout, self.seed = layout, seed
        self.held_back = split_episodes(frames, settings.validation_share, seed).to(device)
        self.frames = frames.to(device)
        self.rows = {
            clean: window_rows(self.frames, ~self.held_back, layout.horizon, clean)
            for clean in CLEAN.values()
        }
        self.counts = {name: len(self.rows[clean]) for name, clean in CLEAN.items()}
        for name, count in self.counts.items():
            if count == 0:
                raise no_window(name, len(frames))

    def reader(self, clean: bool, stream: int, rank: Rank) -> Read:
        """Return how all training windows, or the clean ones, are read."""
        return in_one_buffer(self.frames, self.rows[clean], self.seed, stream, rank)

    def samples(self, most: int) -> Iterator[tuple[Frames, Tensor, int]]:
        """Yield some frames, which rows [N] are held back, and how many windows to take."""
        yield self.frames, self.held_back, most


Source = InMemory | OnDisk


def open_data(
    folder: Path,
    shards: Mapping[str, Shard],
    layout: Layout,
    kinematics: Kinematics,
    settings: Train,
    seed: int,
    rank: Rank = ALONE,
    open_fetched: Callable[[str], Arrays] | None = None,
) -> TrainingData:
    """Return the data of a checked dataset's shards as `settings.loader` says.

    A stream opens its shards by `open_fetched`, in `folder` where nothing is said.

    Raises:
        LayoutMismatch: the dataset is of another layout. UserError: nothing to train on.
    """
    if settings.loader == "memory":
        frames = read_frames(folder, layout, kinematics, settings.max_frames)
        return training_data(InMemory(frames, layout, settings, seed), settings, rank)
    rows = {name: shard.rows for name, shard in shards.items()}
    opener = open_fetched or (lambda name: open_shard(folder / name, layout))
    return training_data(OnDisk(rows, opener, layout, kinematics, settings, seed), settings, rank)


def training_data(source: Source, settings: Train, rank: Rank = ALONE) -> TrainingData:
    """Return what a training reads of a source.

    Raises:
        UserError: nothing to validate on.
    """
    held_back = sample(source, CLEAN, settings.validation_windows, held_back=True)
    device = torch.device(settings.accelerator)

    def stream(number: int, clean: bool) -> WindowStream[Windows]:
        return window_stream(source.reader(clean, number, rank), source.layout)

    def statistics() -> Windows:
        kind = {"prior": True}
        found = sample(source, kind, settings.statistics_windows, held_back=False)["prior"]
        return _move(found, torch.device("cpu"))

    return TrainingData(
        **{name: stream(number, clean) for number, (name, clean) in enumerate(CLEAN.items())},
        statistics=statistics,
        validation=Validation(**held_back).to(device),
        counts={
            **source.counts,
            **{f"{name}_validation": len(part.mode) for name, part in held_back.items()},
        },
        rank=rank,
    )


def window_stream(read: Read, layout: Layout) -> WindowStream[Windows]:
    """Return a stream of a controller's windows."""
    return WindowStream(read, lambda frames, rows: gather(frames, rows, layout))


def sample(
    source: Source, clean: Mapping[str, bool], most: int, held_back: bool
) -> dict[str, Windows]:
    """Return about `most` windows by name, evenly spread over what the source lets us look at.

    `clean` says by name whether clean windows alone count.

    Raises:
        UserError: none of a name.
    """
    parts: dict[str, list[Windows]] = {name: [] for name in clean}
    looked_at = 0
    for frames, back, each in source.samples(most):
        looked_at += len(frames)
        for name, only_clean in clean.items():
            among = back if held_back else ~back
            rows = window_rows(frames, among, source.layout.horizon, only_clean)
            if len(rows):
                parts[name].append(gather(frames, thin(rows, each), source.layout))
    for name, found in parts.items():
        if not found:
            raise no_window(f"{name}_validation" if held_back else name, looked_at)
    return {name: join(found) for name, found in parts.items()}


def no_window(name: str, frames: int) -> UserError:
    """Return the error of a dataset in which a network finds nothing to learn or validate."""
    return UserError(
        f"dataset: no window for {name} in the {frames} frames that were looked at; collect "
        "longer episodes or more of them without injected noise (a stream: or raise "
        "train.stream.sample_shards)"
    )


def _move(windows: Windows, device: torch.device) -> Windows:
    return Windows(**{name: tensor.to(device) for name, tensor in vars(windows).items()})

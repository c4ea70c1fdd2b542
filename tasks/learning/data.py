"""What a training reads: windows for its batches, for its statistics and for its validation."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from configs.layout import Layout
from configs.schema.train import Train
from envs.episodes.episodes import Manifest, Shard
from models.controller import Windows
from models.kinematics import Kinematics
from tasks.learning.batches import ALONE, MemoryWindows, Rank, WindowSequence, generator
from tasks.learning.blocks import Source, open_blocks, pack, read_blocks
from tasks.learning.streaming import StreamedWindows, join_windows, window_rows
from tasks.learning.windows import (
    Frames,
    WindowsError,
    clean_rows,
    gather,
    read_frames,
    split_episodes,
    valid_rows,
)

SAMPLE = 9  # key of the draws


@dataclass(frozen=True, eq=False)
class Validation:
    """Windows of the held-back episodes."""

    prior: Windows
    inverse: Windows


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Windows by use, on the training's device where nothing else is said.

    Args:
        statistics: returns windows for the normaliser, on the CPU. counts: what went in.
        streams: what of it has a place that a checkpoint must keep, by name.
    """

    prior: WindowSequence
    inverse: WindowSequence
    statistics: Callable[[], Windows]
    validation: Validation
    counts: Mapping[str, int]
    streams: Mapping[str, StreamedWindows] = field(default_factory=dict)

    def state(self) -> dict[str, dict[str, int]]:
        """Return where the streams stand; nothing for data in memory, entered by number."""
        return {name: stream.state() for name, stream in self.streams.items()}

    def resume(self, state: Mapping[str, dict[str, int]]) -> None:
        """Take up what `state` returned."""
        for name, stream in self.streams.items():
            stream.resume(state[name])

    def close(self) -> None:
        """End the threads that read ahead."""
        for stream in self.streams.values():
            stream.close()


def open_data(
    folder: Path,
    manifest: Manifest,
    layout: Layout,
    kinematics: Kinematics,
    settings: Train,
    seed: int,
    rank: Rank = ALONE,
    open_shard: Callable[[str], Path] | None = None,
) -> TrainingData:
    """Return the data of a checked dataset as `settings.loader` says.

    A stream opens its shards by `open_shard`, in `folder` where nothing is said.

    Raises:
        LayoutMismatch: the dataset is of another layout. WindowsError: nothing to train on.
    """
    device = torch.device(settings.accelerator)
    if settings.loader == "memory":
        frames = read_frames(folder, layout, kinematics, settings.max_frames)
        return in_memory(frames.to(device), layout, settings, seed, rank)
    shards = manifest.shards
    source = make_source(folder, shards, layout, kinematics, settings, seed, open_shard)
    return streamed(source, settings, rank)


def make_source(
    folder: Path,
    shards: Mapping[str, Shard],
    layout: Layout,
    kinematics: Kinematics,
    settings: Train,
    seed: int,
    open_shard: Callable[[str], Path] | None = None,
) -> Source:
    """Return the source of a stream of some of a dataset's shards."""
    return Source(
        rows={name: shard.rows for name, shard in shards.items()},
        open=open_shard or (lambda name: folder / name),
        layout=layout,
        kinematics=kinematics,
        block_frames=settings.stream.block_frames,
        share=settings.validation_share,
        seed=seed,
    )


def in_memory(
    frames: Frames, layout: Layout, settings: Train, seed: int, rank: Rank = ALONE
) -> TrainingData:
    """Return the data of frames that are in memory, on their device."""
    device = frames.step.device
    rows = choose_rows(frames.to(torch.device("cpu")), layout, settings, seed)
    counts = {name: len(part) for name, part in rows.items()}
    rows = {name: part.to(device) for name, part in rows.items()}

    def statistics() -> Windows:
        windows = gather(frames, thin(rows["prior"], settings.statistics_windows), layout)
        return move(windows, torch.device("cpu"))

    return TrainingData(
        prior=MemoryWindows(frames, layout, rows["prior"], seed, 0, rank),
        inverse=MemoryWindows(frames, layout, rows["inverse"], seed, 1, rank),
        statistics=statistics,
        validation=Validation(
            gather(frames, rows["prior_validation"], layout),
            gather(frames, rows["inverse_validation"], layout),
        ),
        counts=counts,
    )


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
            raise _no_window(name, len(frames))
        if name.endswith("validation"):
            rows[name] = thin(part, settings.validation_windows)
    return rows


def streamed(source: Source, settings: Train, rank: Rank = ALONE) -> TrainingData:
    """Return the data of shards that are opened one after the other.

    Statistics and validation come from a buffer of each of `sample_shards` shards, the same for
    every rank: so much is known without reading everything.
    """
    device = torch.device(settings.accelerator)

    def stream(number: int, clean: bool) -> StreamedWindows:
        return StreamedWindows(
            source, settings.stream, clean=clean, stream=number, rank=rank, device=device
        )

    def sampled(most: int, clean: Mapping[str, bool], held_back: bool) -> dict[str, Windows]:
        found = sample(source, settings, most, clean, held_back)
        for name in clean:
            if name not in found:
                shards, frames = settings.stream.sample_shards, settings.stream.buffer_frames
                raise _no_window(
                    name,
                    sum(source.rows.values()),
                    f", or sample more: up to train.stream.buffer_frames={frames} of each of "
                    f"train.stream.sample_shards={shards} shards were looked at",
                )
        return found

    kinds = {"prior_validation": True, "inverse_validation": False}
    held_back = sampled(settings.validation_windows, kinds, held_back=True)

    streams = {"prior": stream(0, True), "inverse": stream(1, False)}
    return TrainingData(
        **streams,
        statistics=lambda: sampled(settings.statistics_windows, {"prior": True}, False)["prior"],
        validation=Validation(*(move(held_back[name], device) for name in kinds)),
        counts={
            "frames": sum(source.rows.values()),
            **{name: len(windows.mode) for name, windows in held_back.items()},
        },
        streams=streams,
    )


def sample(
    source: Source, settings: Train, most: int, clean: Mapping[str, bool], held_back: bool
) -> dict[str, Windows]:
    """Return about `most` windows of a few shards by name, each shard with as many.

    `clean` says by name whether clean windows alone count. A name without a window is left out.
    """
    names = sorted(source.rows)
    draws = generator(source.seed, SAMPLE)
    chosen = torch.randperm(len(names), generator=draws)[: settings.stream.sample_shards].tolist()
    each = math.ceil(most / len(chosen))
    parts: dict[str, list[Windows]] = {name: [] for name in clean}
    for place in chosen:
        blocks = open_blocks(source, names[place])
        order = torch.randperm(len(blocks), generator=draws).tolist()
        blocks = pack([blocks[i] for i in order], settings.stream.buffer_frames)[0]
        frames, back = read_blocks(source, blocks)
        rows = torch.nonzero(back if held_back else ~back)[:, 0]
        for name, only_clean in clean.items():
            of_kind = window_rows(frames, rows, source.layout.horizon, only_clean)
            if len(of_kind):
                parts[name].append(gather(frames, thin(of_kind, each), source.layout))
    return {name: join_windows(found) for name, found in parts.items() if found}


def thin(rows: Tensor, most: int) -> Tensor:
    """Return at most `most` of `rows`, evenly spread."""
    return rows[:: math.ceil(len(rows) / most)]


def move(windows: Windows, device: torch.device) -> Windows:
    return Windows(**{name: tensor.to(device) for name, tensor in vars(windows).items()})


def _no_window(name: str, frames: int, more: str = "") -> WindowsError:
    return WindowsError(
        f"dataset: no window for {name}: {frames} frames; collect longer episodes "
        f"or more of them without injected noise{more}"
    )

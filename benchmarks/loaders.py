"""Samples a second of the loader in memory, and of torch's DataLoader over the same frames."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from configs.layout import Layout
from tasks.learning.buffers import in_one_buffer
from tasks.learning.training_data import window_stream
from tasks.learning.windows import Frames, window_rows

BATCH = 512  # [windows] as train.batch
SECONDS = 3.0  # [s] of a run at least
RUNS = 3


def batches_in_memory(frames: Frames, layout: Layout) -> Callable[[], Any]:
    """Return a function that makes the next batch of all windows, as training does."""
    stream = window_stream(in_one_buffer(frames, rows_of(frames, layout), 0, 0), layout)
    return lambda: stream.take(BATCH)


def rows_of(frames: Frames, layout: Layout) -> torch.Tensor:
    every = torch.ones(len(frames), dtype=torch.bool, device=frames.mode.device)
    return window_rows(frames, every, layout.horizon)


def loaders(frames: Frames, layout: Layout) -> dict[str, Any]:
    """Return samples a second of the loader in memory and of torch's, on the same frames."""
    rows = rows_of(frames, layout)
    batch = batches_in_memory(frames, layout)
    ours = {}
    for threads in (2, 1):  # the last one stays
        torch.set_num_threads(threads)
        ours[str(threads)] = max(rate(batch) for _ in range(RUNS))
    peers = {}
    for workers in (0, 1, 2):
        loader = DataLoader(
            Windowed(frames, rows, layout),
            batch_size=BATCH,
            shuffle=True,
            num_workers=workers,
            persistent_workers=workers > 0,
        )
        batches = passes(loader)
        next(batches)  # the workers have started
        peers[str(workers)] = rate(lambda batches=batches: next(batches))
    best = max(peers.values())
    return {
        "loader_samples_per_s": max(ours.values()),
        "loader_by_threads": ours,
        "torch_samples_per_s": best,
        "torch_by_workers": peers,
        "vs_torch_dataloader": max(ours.values()) / best,
    }


def passes(loader: DataLoader) -> Iterator[Any]:
    """Yield batches, pass after pass."""
    while True:
        yield from loader


class Windowed(Dataset):
    """A map-style dataset, one window an item; slices, which are views, wherever they serve."""

    def __init__(self, frames: Frames, rows: torch.Tensor, layout: Layout) -> None:
        self.frames, self.layout = frames, layout
        self.rows, self.first = rows.numpy(), frames.first.numpy()
        self.past = torch.arange(1 - layout.history, 1)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        row, frames = int(self.rows[index]), self.frames
        begin, first = row + 1 - self.layout.history, int(self.first[row])
        if begin >= first:
            history = frames.step[begin : row + 1]
        else:
            history = frames.step[(row + self.past).clamp_min(first)]
        ahead = frames.keypoints[row + 1 : row + 1 + self.layout.horizon]
        return {
            "history": history,
            "motion": ahead - frames.keypoints[row],
            "action": frames.action[row],
            "mode": frames.mode[row],
        }


def rate(batch: Callable[[], Any], together: int = 1, device: str = "cpu") -> float:
    """Return samples a second of a function that makes one batch, so many `together`.

    What a GPU still has to do when it was asked for them counts, too.
    """
    samples, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < SECONDS:
        for _ in range(together):
            batch()
        if device == "cuda":
            torch.cuda.synchronize()
        samples += together * BATCH
    return samples / passed

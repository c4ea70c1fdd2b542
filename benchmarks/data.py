"""Measure the data path: loader against torch's, reading and writing.

    python benchmarks/data.py --json data.json

It makes its own data in a temporary folder: about a million frames of the Allegro layout in
shards of 64 MB. A sample is a window with its history stacked and its future gathered, in a batch
of 512. Each rate is the best of some runs: what else the machine does only takes away.
`loader_samples_per_s`  of the loader that training uses, frames in memory, with the number of
                        threads (1, 2) that is best for it;
`torch_samples_per_s`   of a map-style Dataset over the same frames under torch's DataLoader, with
                        the number of workers (0, 1, 2) that is best for it;
`vs_torch_dataloader`   the ratio;
`stream_samples_per_s`  of the stream, one thread that gathers and one that reads ahead, over whole
                        passes that follow on one another, as in a training: the first buffer of
                        each was read ahead; of `stream_cold`, pages dropped, it is one pass from
                        its first byte on, in which a short one spends much of its time;
`stream_first_batch_s`  from the first byte to the first batch, pages in memory;
`stream_vs_memory`      `stream_samples_per_s` over `loader_samples_per_s`;
`stream_vs_one_thread`  over the loader in memory with one thread, measured in turn;
`stream_gb_per_s`       of the stream, counting the bytes of the fields that a training reads;
`sequential_gb_per_s`   of a plain read of the files, in pieces of 8 MB, pages in memory or not;
`load_gb_per_s`         of reading the shards into memory as frames;
`write`                 frames and GB a second with 1, 2 and 4 writers, statistics included;
It ends with exit code 1 where a figure is below what is asked of it; its line says so.
"""

import argparse
import math
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from configs.load import load
from configs.schema.pipeline import Config
from envs.episodes.episodes import Manifest, open_shard
from models.kinematics import Kinematics
from tasks.learning.buffers import ALONE, WindowStream
from tasks.learning.shards import OnDisk
from tasks.learning.training_data import window_stream
from tasks.learning.windows import Frames, read_frames

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.loaders import BATCH, RUNS, SECONDS, batches_in_memory, loaders, rate
from benchmarks.made_up_data import write, write_rate
from benchmarks.measuring import ANY, existing_folder, finish, parser, positive, run, say

LIMITS = {
    "loader_samples_per_s": (200_000, ANY),
    "vs_torch_dataloader": (5, ANY),
    "stream_vs_memory": (0.5, ANY),
}
PIECE = 8 * 2**20  # [bytes]
WRITERS = (1, 2, 4)
READ = (  # fields of which a training's frames are made
    *("episode", "step", "mode", "joint_observation", "joint_target", "keypoints", "action"),
    *("clean", "drop"),
)


def main() -> int:
    command = parser(__doc__, overrides=True)
    command.add_argument("--frames", type=positive, default=1_000_000)
    command.add_argument("--folder", type=existing_folder, help="where temporary folders are made")
    options = command.parse_args()
    torch.set_num_threads(1)
    config = load(Config, options.overrides)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        figures = measure(config, Path(name), options)
    return finish(figures, options, LIMITS)


def measure(config: Config, home: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return all figures of data made in `home`."""
    layout, folder = config.embodiment.make_layout(), home / "dataset"
    say(f"writing {options.frames:,} frames")
    manifest = write(folder, config.embodiment, options.frames, 0)
    size = sum(shard.bytes for shard in manifest.shards.values())
    figures: dict[str, Any] = {
        "frames": manifest.rows,
        "shards": len(manifest.shards),
        "bytes_per_frame": size / manifest.rows,
    }
    say("reading")
    figures |= reading(folder, manifest, size)
    started = time.perf_counter()
    frames = read_frames(folder, layout, Kinematics(config.hand), manifest.rows)
    figures["load_gb_per_s"] = size / (time.perf_counter() - started) / 1e9
    say("loaders")
    figures |= loaders(frames, layout)
    figures |= streaming(folder, manifest, config, frames)
    figures["stream_vs_memory"] = figures["stream_samples_per_s"] / figures["loader_samples_per_s"]
    del frames
    figures["write"] = {}
    for writers in WRITERS:
        say(f"writing with {writers} processes")
        target = home / f"writers{writers}"
        written = write_rate(target, config.embodiment, options.frames // 4, writers)
        figures["write"][str(writers)] = {
            "frames_per_s": written,
            "gb_per_s": written * size / manifest.rows / 1e9,
        }
    return figures


def streaming(folder: Path, manifest: Manifest, config: Config, frames: Frames) -> dict[str, float]:
    """Return samples/s and GB/s of whole passes of a stream of all windows.

    The loader in memory is measured after each pass, so that both saw the same machine.
    """
    layout = config.embodiment.make_layout()
    rows = {name: shard.rows for name, shard in manifest.shards.items()}
    kinematics, opener = Kinematics(config.hand), lambda name: open_shard(folder / name, layout)
    source = OnDisk(rows, opener, layout, kinematics, config.train, 0)
    size = manifest.rows * sum(
        np.dtype(field.dtype).itemsize * math.prod(field.shape)
        for name, field in layout.fields.items()
        if name in READ
    )
    memory, batch = [], batches_in_memory(frames, layout)
    forget(folder, manifest)
    stream = window_stream(source.reader(False, 1, ALONE), layout)
    samples, seconds = whole_pass(stream)
    stream.close()
    found = {
        "stream_cold_samples_per_s": samples / seconds,
        "stream_cold_gb_per_s": size / seconds / 1e9,
    }
    started = time.perf_counter()
    stream = window_stream(source.reader(False, 1, ALONE), layout)
    stream.take(BATCH)
    found["stream_first_batch_s"] = time.perf_counter() - started
    whole_pass(stream)  # the rest of it
    rates = []
    for _ in range(RUNS):
        passes, samples, seconds = 0, 0, 0.0
        while seconds < SECONDS:
            taken, passed = whole_pass(stream)
            passes, samples, seconds = passes + 1, samples + taken, seconds + passed
        rates.append((samples / seconds, size * passes / seconds))
        memory.append(rate(batch))
    stream.close()
    best, read = max(rates)
    found |= {"stream_samples_per_s": best, "stream_gb_per_s": read / 1e9}
    return found | {"stream_vs_one_thread": best / max(memory)}


def whole_pass(stream: WindowStream) -> tuple[int, float]:
    """Take what is left of a pass; return its windows and the seconds that they took."""
    place, started, taken = stream.state(), time.perf_counter(), 0
    while stream.state()["pass"] == place["pass"]:
        stream.take(BATCH)
        taken += BATCH
    return taken, time.perf_counter() - started


def reading(folder: Path, manifest: Manifest, size: int) -> dict[str, float]:
    """Return GB/s of a plain read of the shards, first with their pages dropped, then warm."""
    forget(folder, manifest)
    found = {}
    for kind in ("cold", "warm"):
        started = time.perf_counter()
        for name in manifest.shards:
            with open(folder / name, "rb", buffering=0) as file:
                while file.read(PIECE):
                    pass
        found[f"sequential_{kind}_gb_per_s"] = size / (time.perf_counter() - started) / 1e9
    return found


def forget(folder: Path, manifest: Manifest) -> None:
    """Drop the shards' pages from the system's cache."""
    for name in manifest.shards:
        descriptor = os.open(folder / name, os.O_RDONLY)
        os.fsync(descriptor)  # a page that is not on disk cannot be dropped
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


if __name__ == "__main__":
    run(main)

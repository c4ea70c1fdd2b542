"""Measure what a GPU does, each figure beside the same thing done by this machine's cores.

    python benchmarks/gpu.py --json gpu.json

`validated_grasps_per_s`  as benchmarks/grasps.py defines it, held by MuJoCo Warp and reached by
                          inverse kinematics on the device, mean over the classes of objects;
`floor_per_s`             as many if nothing were done but to hold them;
`floor_vs_cores`          over the same figure of MuJoCo on all cores, of the first object;
`held_again`              of the first object's grasps, the share that either engine holds once more
                          of what it held itself;
`loader_samples_per_s`    windows a second of the training's loader, frames in the device's memory;
`loader_vs_cores`         over the same figure with the frames in main memory and two threads.
`--device cpu` tries it out where there is no GPU: the same code, and no figure worth keeping. It
ends with exit code 1 where a figure is below what is asked of it.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from configs.load import load
from configs.schema.pipeline import Config
from models.kinematics import Kinematics
from tasks.learning.windows import read_frames

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.arguments import new_file, positive, run
from benchmarks.grasps import OBJECTS, generate, mean_of
from benchmarks.loaders import BATCH, RUNS, SECONDS, batches_in_memory
from benchmarks.made_up_data import write

LIMITS = {"validated_grasps_per_s": 1000}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=new_file, help="file for the figures")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--count", type=positive, default=50_000, help="grasps of each object")
    parser.add_argument(
        "--core-count", type=positive, default=1500, help="grasps held by the cores"
    )
    parser.add_argument("--slots", type=positive, default=8192, help="grasps held at a time")
    parser.add_argument(
        "--proposals", type=positive, default=40_000, help="steps of the tree a batch"
    )
    parser.add_argument("--objects", nargs="+", default=[*OBJECTS], choices=[*OBJECTS])
    parser.add_argument("--frames", type=positive, default=1_000_000, help="of made-up data")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("gpu.py: torch finds no CUDA device; --device cpu tries it out", file=sys.stderr)
        return 2
    options.threads = len(os.sched_getaffinity(0))
    figures = grasps(options) | loader(options)
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(any(figures[name] < least for name, least in LIMITS.items()))


def grasps(options: argparse.Namespace) -> dict[str, Any]:
    """Return figures of grasp generation on the device and, of one object, on the cores."""
    config = load(
        Config,
        [
            "physics=gpu",
            f"physics.device={options.device}",
            f"grasps.validation.slots={options.slots}",
            f"grasps.expansion.proposals={options.proposals}",
        ],
    )
    rows = {}
    for name in options.objects:
        rows[name] = generate(config, name, options)
        say(f"{name}: {rows[name]['grasps_per_s']:,.0f} grasps/s")
    first, few = options.objects[0], {**vars(options), "count": options.core_count}
    cores = generate(load(Config), first, argparse.Namespace(**few))
    return {
        "device": name_of(options.device),
        "threads": options.threads,
        "validated_grasps_per_s": mean_of(rows, "grasps_per_s"),
        "floor_per_s": mean_of(rows, "floor_per_s"),
        "held_again": rows[first]["held_again"],
        "held_again_by_cores": cores["held_again"],
        "floor_vs_cores": rows[first]["floor_per_s"] / cores["floor_per_s"],
        "objects": rows,
        "cores": {first: cores},
    }


def loader(options: argparse.Namespace) -> dict[str, float]:
    """Return windows a second of the loader in memory, on the device and on the cores."""
    config, found = load(Config), {}
    layout = config.embodiment.make_layout()
    with tempfile.TemporaryDirectory() as name:
        manifest = write(Path(name), config.embodiment, options.frames, 0)
        frames = read_frames(Path(name), layout, Kinematics(config.hand), manifest.rows)
    torch.set_num_threads(2)
    for where in ("cpu", options.device):
        batch = batches_in_memory(frames.to(torch.device(where)), layout)
        found[where] = max(rate(batch, where) for _ in range(RUNS))
    samples = found[options.device]
    return {"loader_samples_per_s": samples, "loader_vs_cores": samples / found["cpu"]}


def rate(batch, device: str) -> float:
    """Return samples a second; what a GPU still has to do when it is asked counts, too."""
    samples, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < SECONDS:
        for _ in range(100):
            batch()
        if device == "cuda":
            torch.cuda.synchronize()
        samples += 100 * BATCH
    return samples / passed


def name_of(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "CPU"


def say(words: str) -> None:
    print(f"  {words}", file=sys.stderr, flush=True)


def table(figures: dict[str, Any]) -> str:
    lines = [f"{'object':<14}{'grasps/s':>10}{'floor/s':>10}  share of the time by stage"]
    for name, row in figures["objects"].items():
        shares = ", ".join(f"{s} {100 * v:.0f}%" for s, v in row["share"].items() if v >= 0.005)
        lines.append(f"{name:<14}{row['grasps_per_s']:>10.1f}{row['floor_per_s']:>10.1f}  {shares}")
    for name, value in figures.items():
        if isinstance(value, int | float):
            lines.append(f"{name:<26}{value:>16,.2f}{asked_of(name, value)}")
    return f"{figures['device']}\n" + "\n".join(lines)


def asked_of(name: str, value: float) -> str:
    if name not in LIMITS:
        return ""
    return f"  at least {LIMITS[name]:,}" + ("" if value >= LIMITS[name] else " MISSED")


if __name__ == "__main__":
    run(main)

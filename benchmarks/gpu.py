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
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from configs.load import load
from configs.schema.pipeline import Config
from models.kinematics import Kinematics
from tasks.learning.windows import read_frames

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.grasps import OBJECTS, generate, mean_of, rates
from benchmarks.loaders import RUNS, batches_in_memory, rate
from benchmarks.made_up_data import write
from benchmarks.measuring import ANY, finish, parser, positive, run, say

LIMITS = {"validated_grasps_per_s": (1000, ANY)}


def main() -> int:
    command = parser(__doc__, threads=True)
    command.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    command.add_argument("--count", type=positive, default=50_000, help="grasps of each object")
    command.add_argument("--core-count", type=positive, default=1500, help="held by the cores")
    command.add_argument("--slots", type=positive, default=8192, help="grasps held at a time")
    command.add_argument("--proposals", type=positive, default=40_000, help="tree steps a batch")
    command.add_argument("--objects", nargs="+", default=[*OBJECTS], choices=[*OBJECTS])
    command.add_argument("--frames", type=positive, default=1_000_000, help="of made-up data")
    options = command.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("gpu.py: torch finds no CUDA device; --device cpu tries it out", file=sys.stderr)
        return 2
    figures: dict[str, Any] = {**grasps(options), **loader(options)}
    print(rates(figures["objects"]))
    return finish(figures, options, LIMITS, "objects", "cores")


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
        "device": torch.cuda.get_device_name() if options.device == "cuda" else "CPU",
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
        found[where] = max(rate(batch, 100, where) for _ in range(RUNS))
    samples = found[options.device]
    return {"loader_samples_per_s": samples, "loader_vs_cores": samples / found["cpu"]}


if __name__ == "__main__":
    run(main)

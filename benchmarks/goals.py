"""Measure the scripted expert: how often it reaches goals, how long it holds, what speed is worth.

    dexgen grasps
    python benchmarks/goals.py var/store/checkouts/*/grasps.safetensors --json goals.json

It moves each pair's object from goal to goal under Table III, whole and with its command scaled by
0.2, under equal disturbances. A row is one setting of experts.policy.script: `joints` does not look
at the object. For each:
`goals_per_min`  as evaluations count it, with its interval over pairs;
`half_width`     half of the interval over its mean, of 64 pairs;
`scaled`         goals a minute of the scaled command over the whole one's;
`hold_s`         time to a drop, with its interval;
`per_drop`       goals a drop;
`quantiles`      of a pair's goals a minute: 10, 50, 90 and 100 %.
"""

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.script import Script
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.shapes.objects import ObjectModel
from models.estimates import Estimate, hold
from models.moving import goals_per_minute

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.measuring import finish, parser, positive, run
from flows.commands.terminal import table

SCRIPTS = {
    "joints": {"rate": 1.0, "gain": 0.0},
    "gain 0.03": {"gain": 0.03},
    "gain 0.05": {"gain": 0.05},
    "gain 0.1": {"gain": 0.1},
}
GAINS = (1.0, 0.2)
PAIRS = 64  # for which the width of the interval is asked
CONFIDENCE = 0.95


def main() -> int:
    command = parser(__doc__)
    command.add_argument("grasps", type=Path, nargs="+", help="grasps.safetensors, one an object")
    command.add_argument("--pairs", type=positive, default=PAIRS)
    command.add_argument("--seconds", type=positive, default=60)
    command.add_argument("--threads", type=positive, default=1)
    command.add_argument("--overrides", nargs="*", default=[], help="Hydra overrides")
    options = command.parse_args()
    torch.set_num_threads(1)
    config = load(Config, options.overrides)
    layout = config.embodiment.make_layout()
    grasps = [GraspSet.load(path, layout) for path in options.grasps]
    names = [one.object for one in grasps]
    rows = {}
    for name, changes in SCRIPTS.items():
        script = dataclasses.replace(config.experts.policy.script, **changes)
        goals, drops = measure(config, script, grasps, options)
        rows[name] = figures(goals, drops, names, options.seconds)
    heads = ("script", "goals/min", "half width", "x 0.2 keeps", "hold [s]", "goals a drop")
    print(table([row(name, one) for name, one in rows.items()], heads))
    return finish(rows, options, {}, *rows)


def row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a printed row of a setting's figures."""
    many, held = one["goals_per_min"], one["hold_s"]
    return (
        name,
        f"{many['value']:.1f} ({many['low']:.1f}-{many['high']:.1f})",
        f"{one['half_width']:.2f}",
        f"{one['scaled']:.2f}",
        f"{held['value']:.0f} ({held['low']:.0f}-{held['high'] or np.inf:.0f})",
        f"{one['per_drop']:.0f}",
    )


def measure(
    config: Config, script: Script, grasps: list[GraspSet], options: argparse.Namespace
) -> tuple[np.ndarray, np.ndarray]:
    """Return goals reached and drops [gains, pairs]; pair p has object p modulo their number."""
    task = dataclasses.replace(config.world.task, episode_s=options.seconds + 1.0)
    group = torch.arange(options.pairs)
    env = ManipulationEnv(
        dataclasses.replace(config.world, task=task),
        [ObjectModel(config.objects.members[g.object]) for g in grasps],
        grasps,
        num_envs=len(GAINS) * options.pairs,
        seed=config.seed,
        style=next(iter(config.task.styles)),
        threads=options.threads,
        object_index=(group % len(grasps)).repeat(len(GAINS)),
        streams=group.repeat(len(GAINS)),
    )
    gain = torch.tensor(GAINS).repeat_interleave(options.pairs)[:, None]
    goals, drops = torch.zeros(env.num_envs), torch.zeros(env.num_envs)
    for _ in range(round(options.seconds * config.control.hz)):
        extras = env.step(gain * env.scripted_action(script))[3]
        goals += extras["reached"]
        drops += extras["dropped"]
    env.close()
    goals, drops = (one.numpy().reshape(len(GAINS), options.pairs) for one in (goals, drops))
    return goals, drops


def figures(
    goals: np.ndarray, drops: np.ndarray, objects: Sequence[str], seconds: float
) -> dict[str, Any]:
    """Return one setting's row from goals and drops [gains, pairs]."""
    time_s = np.full(goals.shape[1], float(seconds))
    whole, slow = (goals_per_minute(row, time_s, CONFIDENCE) for row in goals)
    rate = goals[0] * 60.0 / seconds
    held = hold(float(time_s.sum()), int(drops[0].sum()), CONFIDENCE)
    return {
        "goals_per_min": dataclasses.asdict(whole),
        "half_width": half_width(whole, len(rate)),
        "scaled": slow.value / max(whole.value, 1e-9),
        "hold_s": dataclasses.asdict(held),
        "per_drop": whole.value * held.value / 60.0,
        "quantiles": [float(v) for v in np.quantile(rate, (0.1, 0.5, 0.9, 1.0))],
        "by_object": {
            name: [float(row[i :: len(objects)].mean() * 60.0 / seconds) for row in goals]
            for i, name in enumerate(objects)
        },
        "goals": goals.tolist(),
        "pairs": len(rate),
        "seconds": seconds,
    }


def half_width(estimate: Estimate, pairs: int) -> float:
    """Return half of the interval over the value, as it would be of PAIRS pairs."""
    assert estimate.high is not None
    half = (estimate.high - estimate.low) / 2.0 / max(estimate.value, 1e-9)
    return half * (pairs / PAIRS) ** 0.5


if __name__ == "__main__":
    run(main)

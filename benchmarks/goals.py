"""Measure what a goal asks for: goals over pairs, their interval, and whether speed matters.

    dexgen grasps
    python benchmarks/goals.py var/store/checkouts/*/grasps.safetensors --json goals.json

The scripted expert moves each pair's object from goal to goal, whole and with its command scaled
by 0.2, under equal disturbances. Each row is one definition of a goal, the grasps linked by it:
`before` with the values of OLD, `after` with those configured. Rules that have no setting, no way
back above all, hold in both. For each:
`goals_per_min`  as evaluations count it, at most some of a pair, with its interval over pairs;
`plain`          the same of all goals;
`half_width`     half of the interval over its mean, of 64 pairs;
`scaled`         goals a minute of the scaled command over the whole one's, `scaled_plain` of all;
`top_share`      share of all goals that the twentieth of the pairs with the most goals reaches;
`quantiles`      of a pair's goals a minute: 10, 50, 90 and 100 %.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from configs.load import load
from configs.schema.pipeline import Config
from envs.grasp_set import GraspSet
from envs.manipulation import ManipulationEnv
from envs.shapes.objects import ObjectModel
from models.estimates import Estimate
from models.moving import goals_per_minute
from tasks.grasps.candidates import Candidates
from tasks.grasps.linking import Links

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.measuring import finish, parser, positive, run

OLD = (
    "task.goals.dwell_s=0",
    "task.goals.min_distance=1.0",
    "task.goals.max_distance=0.03",
    "task.goals.timeout_s=3.0",
)
GAINS = (1.0, 0.2)
PAIRS = 64  # for which the width of the interval is asked
CONFIDENCE = 0.95


def main() -> int:
    command = parser(__doc__)
    command.add_argument("grasps", type=Path, nargs="+", help="grasps.safetensors, one an object")
    command.add_argument("--pairs", type=positive, default=PAIRS)
    command.add_argument("--seconds", type=positive, default=60)
    command.add_argument("--threads", type=positive, default=1)
    command.add_argument("--overrides", nargs="*", default=[], help="Hydra overrides of both")
    options = command.parse_args()
    torch.set_num_threads(1)
    rows = {}
    for name, extra in (("before", OLD), ("after", ())):
        config = load(Config, [*options.overrides, *extra])
        layout = config.embodiment.make_layout()
        grasps = [link(GraspSet.load(path, layout), config) for path in options.grasps]
        goals = measure(config, grasps, options)
        rows[name] = figures(goals, [g.object for g in grasps], options.seconds)
    return finish(rows, options, {})


def link(grasps: GraspSet, config: Config) -> GraspSet:
    """Return the grasps linked by the configured goals; those that lead nowhere are left out."""
    count, fingers = grasps.contacts.finger.shape
    rows, places = np.nonzero(grasps.contacts.finger >= 0)
    finger = grasps.contacts.finger[rows, places]
    active, point = np.zeros((count, fingers), bool), np.zeros((count, fingers, 3))
    active[rows, finger], point[rows, finger] = True, grasps.contacts.point[rows, places]
    unread = np.zeros((count, fingers, 3))  # links do not depend on it
    found = Candidates(
        joint_position=grasps.joint_position.astype(float),
        object_pose=grasps.object_pose.astype(float),
        active=active,
        point=point,
        normal=unread,
        pad=unread,
        force=unread[..., 0],
        quality=grasps.quality,
        joint_target=grasps.joint_target,
        parent=grasps.parent,
    )
    metric, least = config.grasps.metric, config.grasps.min_component
    links = Links.of(found, config.task.goals, metric, least)
    linked = dataclasses.replace(grasps, neighbours=links.neighbours)
    return linked.select(np.flatnonzero(links.keep))


def measure(config: Config, grasps: list[GraspSet], options: argparse.Namespace) -> np.ndarray:
    """Return goals reached [gains, pairs]; pair p has object p modulo their number."""
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
    goals = torch.zeros(env.num_envs)
    for _ in range(round(options.seconds * config.control.hz)):
        action = env.scripted_action(config.experts.policy.script)
        goals += env.step(gain * action)[3]["reached"]
    env.close()
    return goals.numpy().reshape(len(GAINS), options.pairs)


def figures(goals: np.ndarray, objects: Sequence[str], seconds: float) -> dict[str, Any]:
    """Return one definition's row from goals [gains, pairs]."""
    time_s = np.full(goals.shape[1], float(seconds))
    whole, slow = (goals_per_minute(row, time_s, CONFIDENCE) for row in goals)
    rate = goals[0] * 60.0 / seconds
    plain = goals_per_minute(goals[0], time_s, CONFIDENCE, most=np.inf)
    top = np.sort(goals[0])[::-1][: max(round(len(rate) / 20), 1)].sum()
    return {
        "goals_per_min": dataclasses.asdict(whole),
        "plain": dataclasses.asdict(plain),
        "half_width": half_width(whole, len(rate)),
        "half_width_plain": half_width(plain, len(rate)),
        "scaled": slow.value / max(whole.value, 1e-9),
        "scaled_plain": float(goals[1].sum() / max(goals[0].sum(), 1.0)),
        "top_share": float(top / max(goals[0].sum(), 1.0)),
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

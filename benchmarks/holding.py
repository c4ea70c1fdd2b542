"""Measure how long a hand at rest holds, and what makes it drop: one cause left out at a time.

    python benchmarks/holding.py --json figures.json

Hands hold an object under Table III and do nothing. Then once more without one of its causes, or
with something done about it, each with the same draws. For each:
`hold_s`     time to a drop, with its 95 % bounds; without a drop the time watched;
`still_hold_s`, `servo_hold_s`  the first two of these;
`drift_mm`   median distance of the objects from where they were, at the end.

What is done: `squeeze`, forces that balance are solved for every grasp; `four fingers`, grasps of
fewer are left out; `servo`, the object is brought back to where it was, step by step.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from configs.load import load
from configs.schema.physics import Randomization
from configs.schema.pipeline import Config
from envs.goals.anygrasp import AnygraspGoals
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel
from envs.turning import Turning
from models.estimates import hold
from models.motion import action_towards
from tasks.grasps.problem import Problem
from tasks.regrasps.balance import share_out
from tasks.regrasps.joining import from_set
from tasks.regrasps.motion import NO_FINGER, Aim, Motions, squeezed
from tasks.regrasps.underway import Hands, Underway

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds its siblings
from benchmarks.measuring import ANY, finish, parser, positive, run, say
from benchmarks.simulation import find_grasps
from flows.commands.terminal import table

CONFIDENCE = 0.95
LIMITS = {"still_hold_s": (300.0, ANY)}
Causes = Callable[[Randomization], Randomization]


def without_pushes(ranges: Randomization) -> Randomization:
    return replace(ranges, random_force=replace(ranges.random_force, scale=0.0))


WITHOUT: dict[str, Causes] = {
    "action noise": lambda ranges: replace(ranges, action_noise=0.0),
    "pushes": without_pushes,
    "turning gravity": lambda ranges: replace(ranges, wrist_speed=(0.0, 0.0)),
    "weak motors": lambda ranges: replace(ranges, kp_factor=(1.0, 1.0)),
    "slippery objects": lambda ranges: replace(
        ranges, object_friction=(ranges.object_friction[1],) * 2
    ),
}


def main() -> int:
    command = parser(__doc__, threads=True, overrides=True)
    command.add_argument("--object", default="capsule")
    command.add_argument("--grasps", type=positive, default=400)
    command.add_argument("--hands", type=positive, default=96)
    command.add_argument("--seconds", type=positive, default=60, help="each hand is watched")
    options = command.parse_args()
    torch.set_num_threads(1)
    config = load(Config, options.overrides)
    model = ObjectModel(config.objects.members[options.object])
    problem = Problem.of(config.embodiment, model)
    grasps = find_grasps(config, model, options.grasps, options.threads)
    say(f"{len(grasps)} grasps of {model.name}")
    balanced = solved(config, problem, grasps)
    four = fingers_of(grasps) >= problem.layout.num_tips
    ways = {"still": (config, grasps, False), "servo": (config, grasps, True)}
    ways["squeeze"] = (config, balanced, False)
    ways["squeeze and servo"] = (config, balanced, True)
    if four.any():
        ways["four fingers"] = (config, chosen(grasps, four), False)
        ways["all three"] = (config, chosen(balanced, four), True)
    for cause, change in WITHOUT.items():
        ranges = replace(config, randomization=change(config.randomization))
        ways[f"without {cause}"] = (ranges, grasps, False)
    figures = {
        name: measure(*way, problem, options.hands, options.seconds, options.threads, name)
        for name, way in ways.items()
    }
    print(table_of(figures))
    said = {"still_hold_s": figures["still"]["hold_s"], "servo_hold_s": figures["servo"]["hold_s"]}
    return finish(said | {"ways": figures}, options, LIMITS, "ways")


def fingers_of(grasps: GraspSet) -> np.ndarray:
    """Return how many fingers touch in each grasp [G]."""
    return (grasps.contacts.finger >= 0).sum(axis=1)


def chosen(grasps: GraspSet, rows: np.ndarray) -> GraspSet:
    """Return the grasps of a mask [G], without neighbours."""
    kept = grasps.select(np.flatnonzero(rows))
    return replace(kept, neighbours=np.zeros((len(kept), 1), np.int32))


def solved(config: Config, problem: Problem, grasps: GraspSet) -> GraspSet:
    """Return the grasps with targets that press so that the net wrench is least."""
    known = from_set(problem, grasps)
    squeeze = share_out(known.point, known.normal, known.active, config.regrasps.balance)
    target = squeezed(problem, known, squeeze, known.active, config.regrasps)
    return replace(grasps, joint_target=target.astype(np.float32))


def measure(
    config: Config,
    grasps: GraspSet,
    servo: bool,
    problem: Problem,
    hands: int,
    seconds: int,
    threads: int,
    name: str,
) -> dict[str, float]:
    """Watch hands that hold."""
    env = Turning(
        config.world,
        [problem.model],
        [grasps],
        num_envs=hands,
        seed=config.seed,
        style=next(iter(config.task.styles)),
        threads=threads,
    )
    env.begin()
    rest = Rest(config, problem, grasps, env)
    dropped = np.full(hands, np.inf)
    for step in range(round(seconds / env.dt)):
        env.act(rest.action() if servo else torch.zeros(hands, env.num_actions))
        dropped = np.where(env.gone, np.minimum(dropped, (step + 1) * env.dt), dropped)
    away = np.linalg.norm(env.physics.object_position.numpy() - env.begun[:, :3], axis=1)
    env.close()
    drops = int(np.isfinite(dropped).sum())
    found = hold(float(np.minimum(dropped, seconds).sum()), drops, CONFIDENCE)
    say(f"{name}: {drops} of {hands} dropped")
    kept = away[~np.isfinite(dropped)]
    return {
        "hold_s": found.value,
        "low": found.low,
        "drops": drops,
        "drift_mm": 1e3 * float(np.median(kept)) if len(kept) else float("nan"),
    }


class Rest:
    """Hands that bring their object back to where it was, as the planned expert does at rest."""

    def __init__(self, config: Config, problem: Problem, grasps: GraspSet, env: Turning) -> None:
        self.problem, self.servo, self.env = problem, config.regrasps.servo, env
        assert isinstance(env.goals, AnygraspGoals)  # these know which grasp each hand began in
        held = from_set(problem, grasps).take(env.goals.origin.numpy())
        target = env.joint_target.numpy().astype(float)
        self.rows = np.arange(env.num_envs)
        self.underway = Underway.none(env.num_envs, env.num_actions, env.layout.num_tips)
        aim = Aim.at(replace(held, object_pose=env.begun), np.full(len(held), NO_FINGER))
        self.underway.begin(self.rows, target, env.begun, Motions.none(target), aim)

    def action(self) -> torch.Tensor:
        env = self.env
        joints = env.joint_observation.numpy().astype(float)
        pose = env.physics.object_pose.numpy().astype(float)
        hands = Hands(joints, pose, env.physics.contact_force.numpy())
        wanted = self.underway.targets(self.problem, self.servo, self.rows, hands)
        return action_towards(env.layout, env.joint_target, torch.from_numpy(wanted).float())


def table_of(figures: dict[str, dict[str, Any]]) -> str:
    """Return a line for each way to hold."""
    head = ["", "hold", "at least", "dropped", "drift [mm]"]
    lines = [
        [
            name,
            f"{row['hold_s']:.0f}",
            f"{row['low']:.0f}",
            str(row["drops"]),
            f"{row['drift_mm']:.1f}",
        ]
        for name, row in figures.items()
    ]
    return table([head, *lines], right=range(1, len(head)))


if __name__ == "__main__":
    run(main)

"""The step `calibrate`: choose strengths on validation seeds, before any test.

A candidate's score is the mean, over the perturbations that count, of the logarithm of its goals
a drop; where a command leads to a pose and there are no goals to reach, of its time to a drop.
Among the candidates that keep enough of the clean command's goals the best score wins; if none
does, the one that keeps most. The rule is fixed here and its grid in YAML.
"""

import json
import math
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import torch

from configs.refs import Ref
from configs.schema.evaluate import (
    BARE,
    Assisted,
    CalibrateStep,
    Direct,
    Evaluate,
    Variant,
    for_calibration,
)
from configs.schema.perturbations import Pose
from models.assistance import Assistance, ModuleSession
from models.kinematics import Kinematics
from models.moving import counted
from models.strength import KEYS, Strength
from tasks.distillation.distill import STUDENTS
from tasks.evaluation.inputs import open_inputs
from tasks.evaluation.trial import Setup, TrialTable, run_window
from tasks.export.export import CALIBRATION
from tasks.learning.critic import CRITICS
from tasks.learning.train import CONTROLLERS
from tasks.running.context import Context

CLEAN = "clean"
RULE = (
    "highest mean log of goals a drop (of time to a drop where the command leads to a pose) among "
    "those that keep {least:g} of the bare clean command's goals; else the one that keeps most"
)


def calibrate(config: CalibrateStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish calibration.json: the strengths chosen, whether they meet the rule's condition, the
    rule, and every candidate's figures.

    Raises:
        UserError: an input is missing or does not fit, or networks that cannot be used.
    """
    evaluate = for_calibration(config.evaluate)
    torch.set_num_threads(evaluate.session_threads)  # the controller is still in torch
    settings = evaluate.calibration
    inputs = open_inputs(config.world, evaluate, refs, context)
    controller = CONTROLLERS.read(context.open(refs["controller"]), inputs.layout)
    critic = CRITICS.read(context.open(refs["critic"]), inputs.layout)
    student = STUDENTS.read(context.open(refs["student"]), inputs.layout)
    kinematics = Kinematics(config.world.embodiment.hand)
    assistance = Assistance(
        controller, critic, student, kinematics, config.sampling, config.activity
    )
    session = ModuleSession(assistance)
    stage = Setup(config.world, evaluate, inputs, session, config.seed, context.threads)
    table = candidates(evaluate)
    ticks = round(table.window_s * inputs.layout.control_hz)
    counts = run_window(stage, table, 0, lambda tick: context.progress(tick, ticks, "ticks"))
    rows = [score(evaluate, table, counts, name) for name in table.variants if name != BARE]
    chosen = {name: choose(rows, name, settings.least_goals) for name in ("paper", "guarded")}
    content = {
        "choice": {name: {key: row[key] for key in KEYS} for name, row in chosen.items()},
        "met": {name: row["clean_goals"] >= settings.least_goals for name, row in chosen.items()},
        "rule": RULE.format(least=settings.least_goals),
        "rows": rows,
    }
    path = context.scratch / CALIBRATION
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    for name, row in chosen.items():
        for key in (*KEYS, "score", "clean_goals"):
            context.record(f"{name}/{key}", row[key])
    return context.publish({CALIBRATION: path}, "calibration", list(refs.values()))


def candidates(evaluate: Evaluate) -> TrialTable:
    """Return the table of every candidate, beside the bare command."""
    settings = evaluate.calibration
    grid = product(settings.gain, settings.caution, settings.guidance)
    found = {
        f"paper_{guidance:g}": Strength(
            reading=0.0, gain=1.0, share=1.0, caution=1.0, guidance=guidance, remainder=0.0
        )
        for guidance in settings.paper
    } | {
        f"guarded_{gain:g}_{caution:g}_{guidance:g}": Strength(
            reading=1.0,
            gain=gain,
            share=settings.share,
            caution=caution,
            guidance=guidance,
            remainder=settings.remainder,
        )
        for gain, caution, guidance in grid
    }
    variants: dict[str, Variant] = {BARE: Direct(kind="direct", gain=1.0)}
    for name, strength in found.items():
        assistance = "paper" if name.startswith("paper") else "guarded"
        variants[name] = Assisted(kind="assisted", assistance=assistance, **vars(strength))
    strengths = {BARE: None, **found}
    return TrialTable(
        (CLEAN, *settings.perturbations),
        variants,
        strengths,
        evaluate.pairs,
        1,
        settings.window_s,
        settings.stream,
    )


def score(
    evaluate: Evaluate, table: TrialTable, counts: Mapping[str, np.ndarray], name: str
) -> dict[str, Any]:
    """Return a candidate's strengths, its score, and what it keeps of the clean goals.

    One goal and one drop are added to the counts: a candidate that saw none of either is neither
    infinitely good nor infinitely bad.
    """
    place, bare = list(table.variants).index(name), list(table.variants).index(BARE)
    sums = {key: values.sum(axis=2) for key, values in counts.items()}  # [P, V]
    sums["goals"] = counted(counts["goals"], counts["time_s"]).sum(axis=2)
    parts = {}
    for p, perturbation in enumerate(table.perturbations[1:], start=1):
        drops = sums["drops"][p, place] + 1
        posed = isinstance(evaluate.library[perturbation], Pose)
        good = sums["time_s"][p, place] if posed else sums["goals"][p, place] + 1
        parts[perturbation] = float(good / drops)
    variant = table.variants[name]
    assert isinstance(variant, Assisted)
    return {
        "name": variant.assistance,
        **{key: getattr(variant, key) for key in KEYS},
        "clean_goals": float(sums["goals"][0, place] / max(sums["goals"][0, bare], 1)),
        "score": float(np.mean([math.log(value) for value in parts.values()])),
        **parts,
    }


def choose(rows: list[dict[str, Any]], name: str, least: float) -> dict[str, Any]:
    """Return the best row of an assistance by the rule of this file."""
    mine = [row for row in rows if row["name"] == name]
    enough = [row for row in mine if row["clean_goals"] >= least]
    if enough:
        return max(enough, key=lambda row: row["score"])
    return max(mine, key=lambda row: row["clean_goals"])

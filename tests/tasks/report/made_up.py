"""A summary of a run that has every part of the report but recordings, from made-up counts."""

import copy
from functools import cache

import numpy as np

from configs.load import load
from configs.schema.pipeline import Config
from envs.shapes.objects import ObjectModel
from models.strength import KEYS
from tasks.evaluation.bootstrap import Resampled
from tasks.evaluation.metrics import COUNTS, figures, tabulate
from tasks.evaluation.recording import run_of, scene_of
from tasks.evaluation.results import compared
from tests.things import thing

STAGES = {
    "train": {"seconds": 12.34, "reused": False, "peak_mib": 700.0},
    "grasps": {"seconds": 0.1, "reused": True, "peak_mib": 300.0},
}
PERTURBATIONS = {
    "noisy_2.0": {"kind": "noise", "amplitude": 2.0},
    "noisy_1.0": {"kind": "noise", "amplitude": 1.0},
    "slow_0.5": {"kind": "slow", "beta": 0.5},
    "correlated": {"kind": "correlated", "std": 0.5, "time_constant_s": 1.0},
    "absolute": {"kind": "absolute"},
    "open_hand": {"kind": "pose", "pose": "open"},
    "withdraw_finger": {"kind": "withdraw", "seconds": 1.0, "pause_s": 1.0},
    "close_hand": {"kind": "pose", "pose": "closed"},
    "clean": {"kind": "clean"},
}
EASE = (1.0, 0.4, 0.1, 0.8, 0.5, 2.0, 0.7, 1.5, 0.05)  # drops under each, noisy_2.0 being 1
OPEN = {"kind": "assisted", **dict.fromkeys(KEYS)}
VARIANTS = {
    "unassisted": {"kind": "direct", "gain": 1.0},
    "scaled_0.4": {"kind": "direct", "gain": 0.4},
    "scaled_0.2": {"kind": "direct", "gain": 0.2},
    "zero": {"kind": "direct", "gain": 0.0},
    "low_pass_0.2": {"kind": "low_pass", "time_s": 0.2},
    "critic_gain": OPEN | {"assistance": "guarded", "reading": 0.0, "guidance": 1.0},
    "paper": OPEN | {"assistance": "paper"},
    "guarded": OPEN | {"assistance": "guarded"},
}
CURVE = ["zero", "scaled_0.2", "scaled_0.4", "unassisted"]
DROPS = (280, 90, 42, 6, 200, 60, 96, 33)  # of each variant under noisy_2.0
GOALS = (75, 45, 24, 0, 70, 48, 62, 70)
PAIRS = 16  # of a minute each
RAN = {  # critic_gain, paper, guarded
    "reading": (0.0, 0.0, 1.0),
    "gain": (0.9, 1.0, 0.9),
    "share": (0.3, 1.0, 0.3),
    "caution": (0.1, 1.0, 0.1),
    "guidance": (1.0, 0.4, 0.4),
    "remainder": (1.0, 0.0, 1.0),
}
GATES = [
    {
        "gate": "tick_time", "metric": "machine.tick_ms_p90", "comparison": "at_most",
        "relative_to": "control.period_ms", "reference": 50.0, "value": 1.26, "limit": 30.0,
        "passed": True, "reason": "1.26 is at most 30",
    },
    {
        "gate": "not_worse_than_champion", "metric": "evaluation.noisy_2.0.assisted.hold_s",
        "comparison": "at_least",
        "relative_to": "champion.evaluation.noisy_2.0.assisted.hold_s_low",
        "reference": None, "value": 29.1, "limit": None, "passed": True,
        "reason": "there is no champion to compare with",
    },
]  # fmt: skip
LINEAGE = [
    {"label": "check", "version": "da7a", "code": "c0de1", "configuration": "c1", "inputs": {}},
    {
        "label": "train", "version": "abc123", "code": "c0de2", "configuration": "c2",
        "inputs": {"dataset": "da7a", "elsewhere": "f00d" * 16},
    },
]  # fmt: skip


def cell(drops, goals=6, *, time_s=120.0):
    """Return a cell of the evaluation with `drops` and `goals` in `time_s` [s]."""
    sums = dict.fromkeys(COUNTS, 0.0) | {"time_s": time_s, "drops": drops, "goals": goals}
    return figures(sums, 0.95)


def counts():
    """Return counts [1, P, V, M], as even over the pairs as whole numbers can be; under `clean`
    the controller sees no drop."""
    made = {name: np.zeros((1, len(PERTURBATIONS), len(VARIANTS), PAIRS)) for name in COUNTS}
    made["time_s"] += 60.0

    def dealt(total):
        return total // PAIRS + (np.arange(PAIRS) < total % PAIRS)

    for p, (definition, ease) in enumerate(zip(PERTURBATIONS.values(), EASE, strict=True)):
        posed, withdrawn = (definition["kind"] == kind for kind in ("pose", "withdraw"))
        for v, (drops, goals) in enumerate(zip(DROPS, GOALS, strict=True)):
            made["drops"][0, p, v] = dealt(drops if drops == 6 else int(ease * drops))
            made["goals"][0, p, v] = dealt(0 if posed else goals)
            made["asked"][0, p, v], made["kept"][0, p, v] = 10 * withdrawn, v * withdrawn
    made["drops"][:, -1, -1] = 0
    made["first_s"] = 60.0 / np.maximum(made["drops"], 1.0)
    for name, part in {
        "commanded": 1.0,
        "by_critic": 0.0042,
        "by_prior": 0.5,
        "believed": 0.98,
    }.items():
        made[name][:, :, 5:] = part
    return made


def calibration():
    keys = ("name", "guidance", "caution", "clean_goals", "score", "noisy_1.0")
    rows = (
        ("paper", 0.4, 1.0, 0.95, 0.9, 1.2345),
        ("guarded", 0.2, 0.1, 0.95, 0.52, 1.2345),
        ("guarded", 0.4, 0.1, 0.95, 0.54, 1.2345),
        ("guarded", 0.4, 0.2, 0.95, 0.58, 1.2345),
    )
    choice = {
        name: {"guidance": 0.4, "caution": x} for name, x in (("paper", 1.0), ("guarded", 0.1))
    }
    return {
        "choice": choice,
        "met": {"paper": True, "guarded": True},
        "rule": "highest score of those that keep 0.9",
        "rows": [dict(zip(keys, row, strict=True)) for row in rows],
    }


def clips(hand="allegro", ticks=40, fall=(0, 25)):
    """Return recordings in which the object turns, and falls out of the bare hand at `fall`."""
    config = load(Config, [f"hand={hand}"])
    layout = config.embodiment.make_layout()
    scene = scene_of(config.hand, ObjectModel(thing("box", half=[0.0275] * 3)), config.physics)
    pose = np.tile([0.062, 0.0, 0.045, 1.0, 0.0, 0.0, 0.0], (ticks, 1, 1))
    pose[..., 3] = np.cos(np.arange(ticks) / 40)[:, None]
    pose[..., 5] = np.sin(np.arange(ticks) / 40)[:, None]
    recorded = {"joints": np.zeros((ticks, 1, layout.num_joints)), "pose": pose, "goal": pose[:1]}
    runs = {}
    for name, drops in (("unassisted", fall), ("guarded", ())):
        dropped = np.isin(np.arange(ticks), drops).astype(int)[:, None]
        runs[name] = run_of(recorded | {"dropped": dropped}, 0, scene, layout)
    return [{"title": "noisy_2.0, </script> box", "hz": 20, "scene": scene, "runs": runs}]


def settings():
    asking = [name for name, one in VARIANTS.items() if one["kind"] == "assisted"]
    return {
        "confidence": 0.95,
        "windows": 1,
        "window_s": 60.0,
        "pairs": {"held_out": PAIRS, "training": 12},
        "judged": "held_out",
        "objects": {"held_out": ["capsule"], "training": ["box", "sphere"]},
        **{key: dict(zip(asking, ran, strict=True)) for key, ran in RAN.items()},
        "assisted": "guarded",
        "perturbations": PERTURBATIONS,
        "variants": VARIANTS,
        "unseen": ["close_hand"],
        "plots": ["noisy_2.0", "correlated"],
    }


@cache
def evaluated():
    """Return the parts of evaluation.json that the counts make."""
    made, variants = counts(), tuple(VARIANTS)
    table = tabulate(made, tuple(PERTURBATIONS), variants, 0.95)
    for cells in table.values():
        cells["assisted"] = cells["guarded"]
    drawn = {
        name: Resampled({key: each[:, p] for key, each in made.items()}, variants, 100, 0)
        for p, name in enumerate(PERTURBATIONS)
    }
    return {
        "evaluation": table,
        "by_split": {"held_out": table, "training": table},
        "by_object": {
            name: {"split": split, "evaluation": table}
            for split, names in settings()["objects"].items()
            for name in names
        },
        **compared(drawn, CURVE, ["close_hand"], "guarded", 0.95),
        "settings": settings(),
        "bundle_hash": "b0b",
    }


def summary():
    """Return a summary with every part; `clips()` are to be added."""
    return copy.deepcopy(evaluated()) | {
        "run": "r1",
        "stages": STAGES,
        "overrides": ["profile=smoke"],
        "configuration": "c0ffee",
        "artifacts": {"train": "abc123"},
        "lineage": LINEAGE,
        "code": {"commit": "0123456789abcdef", "dirty": True},
        "calibration": calibration(),
        "grasps": {"box": {"held": 180, "proposed": 4096}},
        "data": {
            "now": {
                "fast": {"episodes": 12, "frames": 4800, "goals": 31, "orientations": 96},
                "fine_rotation": {"episodes": 3, "frames": 1200, "goals": 7, "fingers": 3.25},
            },
            "before": {"fast": {"episodes": 10, "frames": 4000, "orientations": 88}},
        },
        "metrics": {
            "train": [{"name": "loss", "value": 1 / (i + 1), "step": i} for i in range(5)],
            "evaluate": [{"name": "tick_ms_p50", "value": 3.4, "step": None}],
        },
        "verdict": {
            "passed": False,
            "judgements": [
                {"gate": "hold", "passed": False, "reason": "1 is not at least 2"},
                *GATES,
            ],
        },
    }

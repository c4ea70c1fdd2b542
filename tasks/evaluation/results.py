"""evaluation.json: the figures, and what they were measured with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from configs.load import digest, plain
from configs.schema.evaluate import SPLITS, Direct, Evaluate, EvaluateStep, split_of
from envs.streams import derive_seed
from models.bundle import Bundle
from models.strength import KEYS, Strength
from tasks.evaluation.bootstrap import Resampled, matched, medians, ratios
from tasks.evaluation.inputs import Inputs
from tasks.evaluation.metrics import tabulate
from tasks.evaluation.trial import Table
from tasks.evaluation.variants import strength_of

BARE, STILL = "unassisted", "zero"  # the command itself; the hand that never moves
Measured = tuple[Table, Mapping[str, np.ndarray]]  # counts [windows, P, V, M]


def report_of(
    config: EvaluateStep, bundle: Bundle, inputs: Inputs, main: Measured, trade_off: Measured
) -> dict[str, Any]:
    """Return the content of evaluation.json.

    `evaluation` (perturbation -> variant -> figures) is over the objects of the judged split,
    `by_split` over each split's, `by_object` (name -> split, evaluation) over one object's.
    `assisted` is the bundle's default assistance at the manifest's strength: it repeats the
    figures of the variant that ran it, whose name is in the settings, and is no second run.
    `ratios` are against the bare command, and the hold and its median also against the still
    hand's (zero);
    `matched` against the scaled command at equal goals a minute. Both are over the judged split,
    with paired intervals.
    """
    evaluate, (table, counts) = config.evaluate, main
    default = default_variant(evaluate, bundle)
    arrangement = table.arrangement(inputs)
    pairs = [inputs.specs[index] for index in arrangement.objects]

    def part(chosen: Sequence[bool]) -> dict[str, Any]:
        some = {name: values[..., np.array(chosen)] for name, values in counts.items()}
        return with_default(tabulated(table, some, evaluate.confidence), default)

    by_split = {
        split: part([split_of(item) == split for item in pairs])
        for split in SPLITS
        if evaluate.pairs.of(split)
    }
    by_object = {
        name: {"split": split, "evaluation": part([item.name == name for item in pairs])}
        for name, split in {item.name: split_of(item) for item in pairs}.items()
    }
    judged = [split_of(item) == evaluate.judged for item in pairs]
    report = {
        "evaluation": by_split[evaluate.judged],
        "by_split": by_split,
        "by_object": by_object,
        "ratios": against_bare(config, table, counts, judged),
        "settings": settings_of(config, bundle, inputs, main[0], trade_off[0]),
        "bundle_hash": bundle.hash,
    }
    if trade_off[1]:
        report["sweep"] = tabulated(*trade_off, evaluate.confidence)
        report["matched"] = against_scaled(config, *trade_off)
    return report


def tabulated(
    table: Table, counts: Mapping[str, np.ndarray], confidence: float
) -> dict[str, dict[str, Any]]:
    return tabulate(counts, table.perturbations, tuple(table.variants), confidence)


def with_default(cells: dict[str, dict[str, Any]], default: str | None) -> dict[str, Any]:
    if default is not None:
        for row in cells.values():
            row["assisted"] = row[default]
    return cells


def resamples(
    config: EvaluateStep,
    table: Table,
    counts: Mapping[str, np.ndarray],
    chosen: Sequence[bool] | slice,
) -> dict[str, Resampled]:
    """Return each perturbation's resampled pairs; all draw the same."""
    seed = derive_seed(config.seed, "evaluate", "bootstrap")
    keep = chosen if isinstance(chosen, slice) else np.array(chosen)
    return {
        perturbation: Resampled(
            {name: values[:, p][..., keep] for name, values in counts.items()},
            list(table.variants),
            config.evaluate.bootstrap,
            seed,
        )
        for p, perturbation in enumerate(table.perturbations)
    }


def against_bare(
    config: EvaluateStep, table: Table, counts: Mapping[str, np.ndarray], judged: Sequence[bool]
) -> dict[str, Any]:
    if BARE not in table.variants:
        return {}
    confidence = config.evaluate.confidence
    drawn = resamples(config, table, counts, judged)
    found = {name: ratios(resampled, BARE, confidence) for name, resampled in drawn.items()}
    if STILL in table.variants:
        for name, resampled in drawn.items():
            middle = medians(resampled, STILL, confidence)
            for variant, cell in ratios(resampled, STILL, confidence).items():
                row = found[name].setdefault(variant, {})
                row["hold_of_still"], row["median_of_still"] = cell["hold"], middle[variant]
    return found


def against_scaled(
    config: EvaluateStep, table: Table, counts: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    gains = {name: v.gain for name, v in table.variants.items() if isinstance(v, Direct)}
    curve = sorted(gains, key=lambda name: gains[name])
    confidence = config.evaluate.confidence
    drawn = resamples(config, table, counts, slice(None))
    return {name: matched(resampled, curve, confidence) for name, resampled in drawn.items()}


def settings_of(
    config: EvaluateStep, bundle: Bundle, inputs: Inputs, main: Table, trade_off: Table
) -> dict[str, Any]:
    """Return what the figures were measured with; `world` is the digest of all of the world."""
    evaluate, world = config.evaluate, config.world
    settings = plain(evaluate) | {
        "perturbations": {name: plain(evaluate.library[name]) for name in evaluate.perturbations},
        "assisted": default_variant(evaluate, bundle),
        **{key: strengths(main, key) for key in KEYS},
        "sweep": {name: plain(v) for name, v in trade_off.variants.items()},
        "sweep_windows": trade_off.windows,
        "sweep_pairs": plain(trade_off.pairs),
        "objects": {
            split: [item.name for item in inputs.catalogue if split_of(item) == split]
            for split in SPLITS
        },
        "task": plain(world.task),
        "randomization": plain(world.randomization),
        "control": plain(world.embodiment.control),
        "world": digest(world),
        "seed": config.seed,
    }
    del settings["library"]
    return settings


def strengths(table: Table, key: str) -> dict[str, float]:
    return {name: getattr(s, key) for name, s in table.strengths.items() if s is not None}


def default_variant(evaluate: Evaluate, bundle: Bundle) -> str | None:
    """Return the variant that is the bundle's default assistance, if one is."""
    manifest = bundle.manifest
    wanted: Strength = manifest.strength()
    for name, variant in evaluate.variants.items():
        if variant.kind != "assisted" or variant.assistance != manifest.assistance:
            continue
        if strength_of(variant, manifest) == wanted:
            return name
    return None

"""evaluation.json: the figures, and what they were measured with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from configs.load import digest, plain
from configs.schema.evaluate import (
    BARE,
    SPLITS,
    STILL,
    Direct,
    Evaluate,
    EvaluateStep,
    Variant,
    split_of,
)
from envs.streams import derive_seed
from models.bundle import Bundle
from models.strength import KEYS
from tasks.evaluation.bootstrap import Resampled, against, matched
from tasks.evaluation.inputs import Inputs
from tasks.evaluation.metrics import tabulate
from tasks.evaluation.one_setting import one_setting
from tasks.evaluation.trial import TrialTable
from tasks.evaluation.variants import strength_of

Drawn = Mapping[str, Resampled]  # perturbation -> its resampled pairs


def report_of(
    config: EvaluateStep,
    bundle: Bundle,
    inputs: Inputs,
    table: TrialTable,
    counts: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Return the content of evaluation.json, from counts [windows, P, V, M].

    `evaluation` (perturbation -> variant -> figures) is over the objects of the judged split,
    `by_split` over each split's, `by_object` (name -> split, evaluation) over one object's.
    `assisted` is the bundle's default assistance at the manifest's strength: it repeats the
    figures of the variant that ran it, whose name is in the settings, and is no second run.
    `ratios` are against the bare command, and the hold, its median and the rate of drops also
    against the still hand's (zero); `matched` against the scaled command at equal goals a minute;
    `one_setting` is over all families, `one_setting_unseen` over those that no training saw. All
    are over the judged split, with paired intervals.
    """
    evaluate = config.evaluate
    default = default_variant(evaluate, bundle)
    pairs = [inputs.specs[index] for index in table.arrangement(inputs).objects]

    def part(chosen: Sequence[bool]) -> dict[str, Any]:
        some = {name: values[..., np.array(chosen)] for name, values in counts.items()}
        cells = tabulate(some, table.perturbations, tuple(table.variants), evaluate.confidence)
        if default is None:
            return cells
        return {name: row | {"assisted": row[default]} for name, row in cells.items()}

    by_split = {
        split: part([split_of(item) == split for item in pairs])
        for split in SPLITS
        if evaluate.pairs.of(split)
    }
    by_object = {
        name: {"split": split, "evaluation": part([item.name == name for item in pairs])}
        for name, split in {item.name: split_of(item) for item in pairs}.items()
    }
    judged = np.array([split_of(item) == evaluate.judged for item in pairs])
    drawn = resamples(config, table, counts, judged)
    return {
        "evaluation": by_split[evaluate.judged],
        "by_split": by_split,
        "by_object": by_object,
        **compared(drawn, curve_of(table.variants), evaluate.unseen, default, evaluate.confidence),
        "settings": settings_of(config, bundle, inputs, table),
        "bundle_hash": bundle.hash,
    }


def compared(
    drawn: Drawn,
    curve: Sequence[str],
    unseen: Sequence[str],
    default: str | None,
    confidence: float,
) -> dict[str, Any]:
    """Return what compares variants with each other; for the arguments see `one_setting`."""
    fresh = {name: drawn[name] for name in unseen if name in drawn}
    found = {
        "ratios": {name: against(one, BARE, STILL, confidence) for name, one in drawn.items()},
        "matched": {name: matched(one, curve, confidence) for name, one in drawn.items()},
        "one_setting": one_setting(drawn, curve, BARE, default, confidence),
    }
    if fresh:
        found["one_setting_unseen"] = one_setting(fresh, curve, BARE, default, confidence)
    return found


def curve_of(variants: Mapping[str, Variant]) -> list[str]:
    """Return the scaled commands in the order of their gains, from the still hand to the bare."""
    gains = {name: v.gain for name, v in variants.items() if isinstance(v, Direct)}
    return sorted(gains, key=lambda name: gains[name])


def resamples(
    config: EvaluateStep, table: TrialTable, counts: Mapping[str, np.ndarray], chosen: np.ndarray
) -> dict[str, Resampled]:
    """Return each perturbation's resampled pairs of those chosen [M]; all draw the same."""
    seed = derive_seed(config.seed, "evaluate", "bootstrap")
    return {
        perturbation: Resampled(
            {name: values[:, p][..., chosen] for name, values in counts.items()},
            list(table.variants),
            config.evaluate.bootstrap,
            seed,
        )
        for p, perturbation in enumerate(table.perturbations)
    }


def settings_of(
    config: EvaluateStep, bundle: Bundle, inputs: Inputs, table: TrialTable
) -> dict[str, Any]:
    """Return what the figures were measured with; `world` is the digest of all of the world."""
    evaluate, world = config.evaluate, config.world
    settings = plain(evaluate) | {
        "perturbations": {name: plain(evaluate.library[name]) for name in evaluate.perturbations},
        "assisted": default_variant(evaluate, bundle),
        **{
            key: {name: getattr(s, key) for name, s in table.strengths.items() if s is not None}
            for key in KEYS
        },
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


def default_variant(evaluate: Evaluate, bundle: Bundle) -> str | None:
    """Return the variant that is the bundle's default assistance, if one is."""
    manifest = bundle.manifest
    for name, variant in evaluate.variants.items():
        ours = variant.kind == "assisted" and variant.assistance == manifest.assistance
        if ours and strength_of(variant, manifest) == manifest.strength():
            return name
    return None

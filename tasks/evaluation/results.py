"""evaluation.json: the figures, and what they were measured with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from configs.load import digest, plain
from configs.schema.evaluate import SPLITS, Assisted, Evaluate, EvaluateStep, split_of
from configs.schema.objects import Object
from models.bundle import Bundle
from tasks.evaluation.metrics import tabulate
from tasks.evaluation.variants import guidances


def report_of(
    config: EvaluateStep,
    bundle: Bundle,
    catalogue: Sequence[Object],
    pairs: Sequence[Object],
    counts: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Return the content of evaluation.json.

    `evaluation` (perturbation -> variant -> figures) is over the objects of the judged split,
    `by_split` over each split's, `by_object` (name -> split, evaluation) over one object's.
    `assisted` is the bundle's default assistance at the manifest's guidance: it repeats the
    figures of the variant that ran it, whose name is in the settings, and is no second run.

    Args:
        catalogue: every object of the run. pairs: [M] the object of each pair.
        counts: COUNTS -> [windows, P, V, M].
    """
    evaluate = config.evaluate
    default = default_variant(evaluate, bundle)
    variants = tuple(evaluate.variants)

    def table(chosen: Sequence[bool]) -> dict[str, Any]:
        part = {name: values[..., np.array(chosen)] for name, values in counts.items()}
        cells = tabulate(part, evaluate.perturbations, variants, evaluate.confidence)
        if default is not None:
            for row in cells.values():
                row["assisted"] = row[default]
        return cells

    by_split = {
        split: table([split_of(item) == split for item in pairs])
        for split in SPLITS
        if evaluate.pairs.of(split)
    }
    by_object = {
        name: {"split": split, "evaluation": table([item.name == name for item in pairs])}
        for name, split in {item.name: split_of(item) for item in pairs}.items()
    }
    return {
        "evaluation": by_split[evaluate.judged],
        "by_split": by_split,
        "by_object": by_object,
        "settings": settings_of(config, bundle, catalogue),
        "bundle_hash": bundle.hash,
    }


def settings_of(
    config: EvaluateStep, bundle: Bundle, catalogue: Sequence[Object]
) -> dict[str, Any]:
    """Return what the figures were measured with; `world` is the digest of all of the world."""
    evaluate, world = config.evaluate, config.world
    guidance = zip(evaluate.variants, guidances(evaluate.variants, bundle), strict=True)
    settings = plain(evaluate) | {
        "perturbations": {name: plain(evaluate.library[name]) for name in evaluate.perturbations},
        "assisted": default_variant(evaluate, bundle),
        "guidance": {
            name: value for name, value in guidance if isinstance(evaluate.variants[name], Assisted)
        },
        "objects": {
            split: [item.name for item in catalogue if split_of(item) == split] for split in SPLITS
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
    return next(
        (
            name
            for name, variant in evaluate.variants.items()
            if isinstance(variant, Assisted)
            and variant.assistance == manifest.assistance
            and variant.guidance in (None, manifest.guidance)
        ),
        None,
    )

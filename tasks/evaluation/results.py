"""evaluation.json: the figures, and what they were measured with."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from configs.load import plain
from configs.schema.evaluate import Assisted, Evaluate, EvaluateStep
from models.bundle import Bundle
from tasks.evaluation.metrics import tabulate
from tasks.evaluation.variants import guidances


def report_of(
    config: EvaluateStep, bundle: Bundle, objects: list[str], counts: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Return the content of evaluation.json: evaluation, settings, bundle_hash.

    `assisted` is the bundle's default assistance at the manifest's guidance: it repeats the
    figures of the variant that ran it, whose name is in the settings, and is no second run.
    """
    evaluate = config.evaluate
    table = tabulate(counts, evaluate.perturbations, tuple(evaluate.variants), evaluate.confidence)
    default = default_variant(evaluate, bundle)
    if default is not None:
        for cells in table.values():
            cells["assisted"] = cells[default]
    guidance = zip(evaluate.variants, guidances(evaluate.variants, bundle), strict=True)
    settings = plain(evaluate) | {
        "perturbations": {name: plain(evaluate.library[name]) for name in evaluate.perturbations},
        "assisted": default,
        "guidance": {
            name: value for name, value in guidance if isinstance(evaluate.variants[name], Assisted)
        },
        "objects": objects,
        "seed": config.seed,
    }
    del settings["library"]
    return {"evaluation": table, "settings": settings, "bundle_hash": bundle.hash}


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

"""What several training seeds say together: their answers to the same pairs, drawn together."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasks.evaluation.bootstrap import Resampled, summarize
from tasks.evaluation.metrics import OVERRIDES
from tasks.evaluation.results import compared

Summary = Mapping[str, Any]
Counts = Mapping[str, np.ndarray]  # name -> [windows, P, V, M] of one seed
Cell = Mapping[str, Any]
# figure -> sums of counts, the first over the second (tasks/evaluation/metrics.py)
SHARES = {
    "intention": ("cosine", "segments"),
    "intention_gain": ("dot", "square"),
    "contacts_kept": ("kept", "asked"),
}
RATIOS = ("hold", "goals_per_min", "hold_of_still", "median_of_still")
ENDS = {"": "value", "_low": "low", "_high": "high"}
CONFIDENCE = 0.95  # of the bounds, as usual
SETTINGS = ("one_setting", "one_setting_unseen")


def join(summaries: Sequence[Summary], counts: Sequence[Counts]) -> dict[str, Any]:
    """Return the joined figures of the judged objects, plain JSON values.

    Each of `one_setting` and `one_setting_unseen` is answer -> figures, `families` perturbation ->
    answer -> figures. A figure is `value`, over all seeds, and `low` (of `drops_above_still`:
    `high`), its bound from a bootstrap over pairs; each pair is drawn with every seed's answer.
    """
    settings = summaries[0]["settings"]
    drawn = drawn_together(settings, counts)
    found = compared(drawn, curve(settings), settings["unseen"], None, CONFIDENCE)
    return {
        "training_seeds": [summary["training_seed"] for summary in summaries],
        "window_s": settings["window_s"],
        "pairs": settings["pairs"][settings["judged"]] * settings["windows"],
        "objects": settings["objects"],
        "unseen": list(settings["unseen"]),
        **{part: for_all(found[part], summaries, part) for part in SETTINGS if part in found},
        "families": {
            name: {variant: family(found, one, name, variant) for variant in one.variants}
            for name, one in drawn.items()
        },
    }


def drawn_together(settings: Mapping[str, Any], counts: Sequence[Counts]) -> dict[str, Resampled]:
    """Return each perturbation's resampled pairs, with the answers of all seeds."""
    together = {name: np.concatenate([one[name] for one in counts]) for name in counts[0]}
    return {
        name: Resampled(
            {key: values[:, place] for key, values in together.items()},
            list(settings["variants"]),
            settings["bootstrap"],
            settings["seed"],
            controllers=len(counts),
        )
        for place, name in enumerate(settings["perturbations"])
    }


def curve(settings: Mapping[str, Any]) -> list[str]:
    """Return the scaled commands in the order of their gains."""
    gains = {
        name: variant["gain"]
        for name, variant in settings["variants"].items()
        if variant["kind"] == "direct"
    }
    return sorted(gains, key=lambda name: gains[name])


def for_all(found: Mapping[str, Cell], summaries: Sequence[Summary], part: str) -> dict[str, Any]:
    """Return one setting for all, with each seed's own comparison beside the joined one."""
    joined = {}
    for answer, cell in found.items():
        each = [summary[part][answer].get("vs_scaled") for summary in summaries]
        joined[answer] = {
            "hold": {"value": cell["hold_s"], "low": cell["hold_s_low"]},
            "goals_per_min": {"value": cell["goals_per_min"], "low": cell["goals_per_min_low"]},
            "vs_scaled": cell.get("vs_scaled"),
            "each_seed": [one["value"] for one in each if one],
            "worst": cell["worst_family"]["hold_over_bare"],
            "worst_family": cell["worst_family"]["name"],
        }
    return joined


def family(found: Mapping[str, Any], drawn: Resampled, name: str, variant: str) -> dict[str, Any]:
    """Return one answer's figures under one perturbation."""
    over = found["ratios"][name].get(variant, {})
    equal = found["matched"][name].get(variant)
    return {
        "drops": int(drawn.sums(variant, "drops")[0]),
        "hold_s": summarize(drawn.hold(variant), CONFIDENCE),
        "goals_per_min": summarize(drawn.goals_per_min(variant), CONFIDENCE),
        **{key: ratio_of(drawn, variant, *sums) for key, sums in SHARES.items()},
        **{f"{key}_ratio": over.get(key) for key in RATIOS},
        "matched": equal and {"value": equal["hold_ratio"], **equal},
        "drops_above_still": over.get("drops_above_still"),
        **{key: ratio_of(drawn, variant, key, "commanded") for key in OVERRIDES[1:]},
    }


def ratio_of(drawn: Resampled, variant: str, part: str, whole: str) -> Cell:
    with np.errstate(divide="ignore", invalid="ignore"):
        return summarize(drawn.sums(variant, part) / drawn.sums(variant, whole), CONFIDENCE)


def as_summary(joined: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report's picture reads of a summary, of all seeds together."""
    families = joined["families"]

    def cell(one: Cell) -> dict[str, Any]:
        hold = {f"hold_s{end}": one["hold_s"][key] for end, key in ENDS.items()}
        return hold | {"goals_per_min": one["goals_per_min"]["value"], "drops": one["drops"]}

    def part(key: str) -> dict[str, Any]:
        return {n: {v: c[key] for v, c in cells.items() if c[key]} for n, cells in families.items()}

    ratios = {
        name: {variant: {"hold": ratio} for variant, ratio in cells.items()}
        for name, cells in part("hold_ratio").items()
    }
    return {
        "settings": settings,
        "evaluation": {n: {v: cell(c) for v, c in cells.items()} for n, cells in families.items()},
        "ratios": ratios,
        "matched": part("matched"),
    }

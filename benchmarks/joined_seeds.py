"""What the reports of several training seeds say together: means, and the worst of their bounds."""

from collections.abc import Mapping, Sequence
from typing import Any

Summary = Mapping[str, Any]
FIGURES = ("hold_s", "goals_per_min", "intention", "intention_gain", "contacts_kept")
RATIOS = ("hold", "goals_per_min", "hold_of_still", "median_of_still")
SETTINGS = ("one_setting", "one_setting_unseen")


def join(summaries: Sequence[Summary]) -> dict[str, Any]:
    """Return the joined figures of the judged objects, plain JSON values.

    Each of `one_setting` and `one_setting_unseen` is answer -> figures, `families` perturbation ->
    answer -> figures; a figure is `value` and `low`, see `bounded`.
    """
    settings = summaries[0]["settings"]
    return {
        "training_seeds": [summary["training_seed"] for summary in summaries],
        "window_s": settings["window_s"],
        "pairs": settings["pairs"][settings["judged"]] * settings["windows"],
        "objects": settings["objects"],
        "unseen": list(settings["unseen"]),
        **{
            part: for_all([summary[part] for summary in summaries])
            for part in SETTINGS
            if all(part in summary for summary in summaries)
        },
        "families": {
            name: {
                variant: family(summaries, name, variant)
                for variant in cells
                if variant != "assisted"  # it repeats another's
            }
            for name, cells in summaries[0]["evaluation"].items()
        },
    }


def for_all(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Join one setting for all: what each answer does over all families."""
    joined = {}
    for answer in parts[0]:
        if answer in ("assisted", "vs_scaled"):
            continue
        cells = [part[answer] for part in parts]
        worst = [cell["worst_family"] for cell in cells]
        joined[answer] = {
            "hold": bounded([side(cell, "hold_s") for cell in cells]),
            "goals_per_min": bounded([side(cell, "goals_per_min") for cell in cells]),
            "vs_scaled": bounded([cell.get("vs_scaled") for cell in cells]),
            "worst": bounded([one["hold_over_bare"] for one in worst]),
            "worst_family": sorted({one["name"] for one in worst}),
        }
    return joined


def side(cell: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {"value": cell[key], "low": cell[f"{key}_low"]}


def family(summaries: Sequence[Summary], name: str, variant: str) -> dict[str, Any]:
    """Join one answer's figures under one perturbation; those without a bound of their own have
    the least of the seeds' in its place."""
    cells = [summary["evaluation"][name][variant] for summary in summaries]
    over = [summary["ratios"][name].get(variant, {}) for summary in summaries]
    equal = [summary["matched"][name].get(variant) for summary in summaries]
    above = [ratio.get("drops_above_still") for ratio in over]
    return {
        **{
            key: bounded([{"value": cell[key], "low": cell[key]} for cell in cells])
            for key in FIGURES
        },
        **{f"{key}_ratio": bounded([ratio.get(key) for ratio in over]) for key in RATIOS},
        "matched": bounded(
            [
                None if one is None else {"value": one["hold_ratio"], "low": one["low"]}
                for one in equal
            ]
        ),
        "drops_above_still": bounded(
            [None if one is None else {"value": one["value"], "low": one["high"]} for one in above],
            worst=max,
        ),
    }


def bounded(cells: Sequence[Mapping[str, Any] | None], worst=min) -> dict[str, Any] | None:
    """Return the mean value and the worst of the bounds; None where nobody measured it.

    `without` counts the seeds that have no value, of `seeds`: against a bare command that reached
    nothing. The mean is then the others', and has no bound.
    """
    known = [cell for cell in cells if cell is not None]
    if len(known) < len(cells):
        return None
    found = [cell for cell in known if cell["value"] is not None]
    lows, without = [cell["low"] for cell in found], len(cells) - len(found)
    return {
        "value": sum(cell["value"] for cell in found) / len(found) if found else None,
        "low": None if without or None in lows else worst(lows),
        "without": without,
        "seeds": len(cells),
    }

"""One setting for all families of commands; pure functions.

An operator cannot choose a gain for each kind of trouble. So each answer, with the one setting
that it has, is judged over all families: by the geometric mean of its hold, by its mean of goals
a minute, and by the family in which it does worst against the bare command. Pairs are drawn
together for all families and answers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasks.evaluation.bootstrap import Resampled, best_scaled, summarize

Drawn = Mapping[str, Resampled]  # family -> its resampled pairs, the same in each


def one_setting(
    drawn: Drawn, curve: Sequence[str], bare: str, default: str | None, confidence: float
) -> dict[str, Any]:
    """Return each answer's figures over all families.

    Args:
        curve: the scaled commands in the order of their gains.
        default: the answer that is also named `assisted`, whose comparison with the scaled
            command stands under `vs_scaled`.

    Returns:
        answer -> hold_s and goals_per_min, each with `_low` and `_high`; `worst_family` (name,
        hold_over_bare: value, low, high); and, beside those of the curve, `vs_scaled` (value,
        low, high, reached: whether a scaled command reaches as many goals).
    """
    variants = next(iter(drawn.values())).variants
    families = drawn.values()
    holds = {  # geometric means
        name: np.exp(np.mean([np.log(one.hold(name)) for one in families], axis=0))
        for name in variants
    }
    goals = {
        name: np.mean([one.goals_per_min(name) for one in families], axis=0) for name in variants
    }
    across = np.stack([goals[name] for name in curve]), np.stack([holds[name] for name in curve])
    found: dict[str, Any] = {}
    for name in variants:
        found[name] = {
            **spread("hold_s", holds[name], confidence),
            **spread("goals_per_min", goals[name], confidence),
            "worst_family": worst_family(drawn, name, bare, confidence),
        }
        if name not in curve:
            best, reached = best_scaled(*across, goals[name])
            ratio = summarize(holds[name] / best, confidence)
            found[name]["vs_scaled"] = ratio | {"reached": bool(reached[0])}
    if default is not None:
        found["assisted"] = found[default]
        found["vs_scaled"] = found[default].get("vs_scaled")
    return found


def spread(key: str, samples: np.ndarray, confidence: float) -> dict[str, float | None]:
    cell = summarize(samples, confidence)
    return {key: cell["value"], f"{key}_low": cell["low"], f"{key}_high": cell["high"]}


def worst_family(drawn: Drawn, variant: str, bare: str, confidence: float) -> dict[str, Any]:
    """Return the family with the least hold over the bare command's, and that ratio.

    The interval is that family's own; that it is the least of several is not in it.
    """
    over = {name: one.hold(variant) / one.hold(bare) for name, one in drawn.items()}
    name = min(over, key=lambda name: over[name][0])
    return {"name": name, "hold_over_bare": summarize(over[name], confidence)}

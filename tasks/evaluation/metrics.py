"""Hold time, goals and intention from counts, with intervals; pure functions."""

from collections.abc import Mapping

import numpy as np

from models.estimates import hold
from models.moving import goals_per_minute

METER = ("segments", "cosine", "dot", "square")  # sums of the intention meter
# What became of a command on its way: its own size, and by how much each part changed it; the mean
# absolute action of those who ask the controller, summed over steps; and the part of its size that
# was commanded while the student was believed.
OVERRIDES = ("commanded", "by_reading", "by_critic", "by_prior", "believed")
# What is counted in each environment and window. Every figure follows from their sums but goals a
# minute and the median of `first_s`, the time to the first drop or, without one, to the window's
# end; `kept` of `asked` contacts were still there when they were judged.
COUNTS = ("time_s", "drops", "goals", "first_s", "asked", "kept", *METER, *OVERRIDES)
Cell = dict[str, float | int | dict[str, float | None] | None]


def figures(counts: Mapping[str, np.ndarray | float], confidence: float) -> Cell:
    """Turn counts [M] of pairs into one cell of the evaluation table.

    goals_per_min is the mean over pairs (models/moving.py), goals_per_drop as many goals
    over max(drops, 1), `goals` their plain number; intention is the mean cosine,
    intention_gain the mean gain weighted by the intended motion, both 0 where no segment counted.
    overridden is what each part of the controller changed, as a share of the command's size; trust
    how far the student was believed, where more was commanded more counts; None where nobody was
    asked.
    """
    sums = {name: float(np.sum(values)) for name, values in counts.items()}
    time_s, drops, goals = sums["time_s"], round(sums["drops"]), round(sums["goals"])
    size, held = sums["commanded"], hold(time_s, drops, confidence)
    pairs = {name: np.ravel(counts[name]) for name in ("goals", "time_s")}
    reached = goals_per_minute(pairs["goals"], pairs["time_s"], confidence)
    return {
        "hold_s": held.value,
        "hold_s_low": held.low,
        "hold_s_high": held.high,
        "goals_per_min": reached.value,
        "goals_per_min_low": reached.low,
        "goals_per_min_high": reached.high,
        "goals_per_drop": reached.value * time_s / 60 / max(drops, 1),
        "intention": sums["cosine"] / max(sums["segments"], 1),
        "intention_gain": sums["dot"] / sums["square"] if sums["square"] > 0 else 0.0,
        "contacts_kept": sums["kept"] / sums["asked"] if sums["asked"] else None,
        "overridden": {
            part: sums[f"by_{part}"] / size if size else None
            for part in ("reading", "critic", "prior")
        },
        "trust": sums["believed"] / size if size else None,
        "time_s": time_s,
        "drops": drops,
        "goals": goals,
    }


def tabulate(
    counts: Mapping[str, np.ndarray],
    perturbations: tuple[str, ...],
    variants: tuple[str, ...],
    confidence: float,
) -> dict[str, dict[str, Cell]]:
    """Return figures by perturbation and variant from counts [windows, P, V, pairs]."""
    return {
        perturbation: {
            variant: figures({name: counts[name][:, i, j] for name in COUNTS}, confidence)
            | {"hold_median_s": float(np.median(counts["first_s"][:, i, j]))}
            for j, variant in enumerate(variants)
        }
        for i, perturbation in enumerate(perturbations)
    }

"""The gates applied: a pure function from figures and gates (configs/promote/) to a verdict."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from configs.schema.promote import Gate
from models.strength import KEYS

CHAMPION = "champion."  # a path that begins so points into the champion's report
OWN = ("assisted", *KEYS)  # settings that say what the model is, not how it was measured


@dataclass(frozen=True)
class GateJudgement:
    """One gate's outcome; `value`, `limit` and `reference` are None where there is none."""

    gate: str
    metric: str
    comparison: str
    passed: bool
    reason: str  # one clause for people, with the numbers
    value: float | None = None
    limit: float | None = None
    reference: float | None = None


@dataclass(frozen=True)
class GateVerdict:
    passed: bool
    judgements: tuple[GateJudgement, ...]

    @property
    def failed(self) -> tuple[GateJudgement, ...]:
        return tuple(one for one in self.judgements if not one.passed)


def decide(
    report: Mapping[str, Any], champion: Mapping[str, Any] | None, gates: Mapping[str, Gate]
) -> GateVerdict:
    """Judge a report by every gate; all must hold.

    `champion` is the report of the model in force, None while there is none to compare with; one
    that was measured under other settings is not compared with either.
    """
    judgements = tuple(judge(name, gate, report, champion) for name, gate in gates.items())
    return GateVerdict(all(one.passed for one in judgements), judgements)


def judge(
    name: str, gate: Gate, report: Mapping[str, Any], champion: Mapping[str, Any] | None
) -> GateJudgement:
    """Judge a report by one gate."""
    outcome = partial(GateJudgement, name, gate.metric, gate.comparison)
    if gate.comparison == "finite":
        return outcome(*finite(gate, report))
    value = number(find(report, gate.metric))
    if value is None:
        return outcome(False, f"{gate.metric} is missing or not a finite number")
    if gate.relative_to is None:
        return outcome(*compare(gate, value, gate.threshold, ""), value, gate.threshold)
    if gate.relative_to.startswith(CHAMPION):
        if champion is None:
            return outcome(True, "there is no champion to compare with", value)
        different = measured_otherwise(report, champion)
        if different:
            names = ", ".join(different)
            reason = f"the champion was measured otherwise ({names}) and is not compared"
            return outcome(True, reason, value)
        reference = number(find(champion, gate.relative_to.removeprefix(CHAMPION)))
    else:
        reference = number(find(report, gate.relative_to))
    if reference is None:
        return outcome(False, f"{gate.relative_to} is missing or not a finite number", value)
    limit = gate.threshold * reference
    origin = f" ({gate.threshold:g} x {gate.relative_to})"
    return outcome(*compare(gate, value, limit, origin), value, limit, reference)


def measured_otherwise(report: Mapping[str, Any], champion: Mapping[str, Any]) -> list[str]:
    """Return the evaluation settings by which two reports' figures cannot be compared.

    Which variant is the model's default, and its strengths, belong to the model.
    """
    sides = [report.get("settings") or {}, champion.get("settings") or {}]
    names = sorted({*sides[0], *sides[1]} - {*OWN})
    return [name for name in names if sides[0].get(name) != sides[1].get(name)]


def compare(gate: Gate, value: float, limit: float, origin: str) -> tuple[bool, str]:
    passed = value >= limit if gate.comparison == "at_least" else value <= limit
    words = gate.comparison.replace("_", " ")
    verb = "is" if passed else "is not"
    return passed, f"{gate.metric} = {value:.6g} {verb} {words} {limit:.6g}{origin}"


def finite(gate: Gate, report: Mapping[str, Any]) -> tuple[bool, str, float | None, float]:
    """Count the leaves under the gate's metric that are not finite numbers.

    A null says that there is no such figure (an interval without an upper bound) and is none.
    """
    figures = [one for one in leaves(find(report, gate.metric)) if one[1] is not None]
    if not figures:
        return False, f"{gate.metric} holds no figures", None, gate.threshold
    bad = [path for path, leaf in figures if number(leaf) is None]
    passed = len(bad) <= gate.threshold
    which = f", first {gate.metric}.{bad[0]}" if bad else ""
    reason = f"{len(bad)} of {len(figures)} figures of {gate.metric} are not finite{which}"
    if not passed:
        reason += f"; at most {gate.threshold:g} may be"
    return passed, reason, float(len(bad)), gate.threshold


def find(part: Any, path: str) -> Any:
    """Return what stands at a dotted path, None if nothing does.

    A key may itself hold dots (`noisy_1.0`): the longest key that leads anywhere wins.
    """
    if not path:
        return part
    if not isinstance(part, Mapping):
        return None
    pieces = path.split(".")
    for count in range(len(pieces), 0, -1):
        key = ".".join(pieces[:count])
        if key in part:
            found = find(part[key], ".".join(pieces[count:]))
            if found is not None:
                return found
    return None


def leaves(part: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, value) of everything under a report's part that is no mapping."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            yield from leaves(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, part


def number(value: Any) -> float | None:
    """Return a finite number as float; None for everything else, booleans included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None

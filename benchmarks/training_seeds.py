"""Join the reports of several training seeds into the tables of docs/results.md.

    for s in 0 1 2; do dexgen run training_seed=$s; done
    python benchmarks/training_seeds.py var/reports/*/summary.json --json results.json

Data, experts and test are the same in each; controller and critic were trained anew. A figure is
the mean over the seeds, a bound the worst of their 95% bounds. Reports of which that is not true,
two of one training seed or two measured differently, are refused.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

# Settings that say what a seed's own calibration chose, and what is recorded beside the figures.
NOT_MEASURED_BY = {
    *("reading", "gain", "share", "caution", "guidance", "remainder"),
    *("clips", "clip_s"),
}
PARTS = ("evaluation", "by_split", "ratios", "settings", "artifacts")  # that a report must have
# What was asked for, of `guarded`: words, perturbation, ratio, and what its lower bound must reach
TARGETS = (
    ("U(±2): hold, x bare", "noisy_2.0", "hold", 8.0),
    ("U(±2): goals a drop, x bare", "noisy_2.0", "goals_per_drop", 5.0),
    ("U(±1): hold, x bare", "noisy_1.0", "hold", 8.0),
    ("time-correlated: hold, x bare", "correlated", "hold", 4.0),
    ("U(±2): hold, x scaled at equal goals", "noisy_2.0", "matched", 2.0),
    ("U(±1): hold, x scaled at equal goals", "noisy_1.0", "matched", 2.0),
    ("time-correlated: hold, x scaled at equal goals", "correlated", "matched", 1.0),
    ("slowed 0.5: hold, x scaled at equal goals", "slow_0.5", "matched", 1.0),
    ("clean: goals a minute, x bare", "clean", "goals_per_min", 0.9),
    ("open hand: median hold, x zero's", "open_hand", "median_of_still", 0.4),
    ("left out, spread hand: median hold, x zero's", "spread_hand", "median_of_still", 0.2),
    ("left out, closed hand: median hold, x zero's", "close_hand", "median_of_still", 0.2),
    ("left out, crossed wires: median hold, x zero's", "swapped_fingers", "median_of_still", 0.2),
)
ANSWERS = ("guarded", "paper", "critic_gain", "unassisted")
SHARED = ("objects", "grasps", "experts", "rollouts", "hazards", "check")  # steps before a training
FIGURES = ("hold_s", "hold_median_s", "goals_per_min", "goals_per_drop", "intention")


class ReportsError(ValueError):
    """Reports that cannot be joined; one line."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("summaries", type=Path, nargs="+", help="summary.json of each seed")
    parser.add_argument("--json", type=Path, help="file for the joined figures")
    options = parser.parse_args()
    try:
        summaries = newest(read(options.summaries))
        require_comparable(summaries)
        joined = join(list(summaries.values()))
        if options.json:
            write(options.json, joined)
    except ReportsError as error:
        print(f"training_seeds: {error}", file=sys.stderr)
        return 2
    print(text(joined))
    return 0


def write(path: Path, joined: Mapping[str, Any]) -> None:
    try:
        path.write_text(json.dumps(joined, indent=1) + "\n")
    except OSError as error:
        raise ReportsError(f"--json {path}: cannot be written ({error.strerror})") from None


def read(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return the summaries by file; a link to one that is there already (`latest`) is left out.

    Raises:
        ReportsError: a file is missing, is no JSON, or is a report without an evaluation.
    """
    summaries = {}
    for path in dict.fromkeys(path.resolve() for path in paths):
        try:
            summary = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise ReportsError(f"{path}: cannot be read ({error})") from None
        parts = [summary.get(part) for part in PARTS] if isinstance(summary, dict) else [None]
        if not all(part and isinstance(part, dict) for part in parts):
            raise ReportsError(f"{path}: has no evaluation; leave it out or run it to its end")
        if not {"training_seed", "lineage", "run"} <= summary.keys():
            raise ReportsError(f"{path}: names no training seed or code; make the report anew")
        summaries[str(path)] = summary
    return summaries


def newest(summaries: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the newest report of each training seed, and say which others were passed over.

    Every `dexgen run` adds a report, if all of it was reused too.
    """
    chosen: dict[int, str] = {}
    for path, summary in sorted(summaries.items(), key=lambda item: item[1]["run"]):
        before = chosen.get(summary["training_seed"])
        chosen[summary["training_seed"]] = path
        if before and summaries[before]["evaluation"] != summary["evaluation"]:
            print(f"training_seeds: {before}: passed over for a newer one", file=sys.stderr)
    return {path: summaries[path] for _, path in sorted(chosen.items())}


def require_comparable(summaries: Mapping[str, dict[str, Any]]) -> None:
    """Raise ReportsError unless the training seed, and what follows from it, alone differs."""
    for (one, a), (two, b) in combinations(summaries.items(), 2):
        pair = f"{one} and {two}"
        first, second = measured(a), measured(b)
        for key in sorted(first.keys() | second.keys()):
            if first.get(key) != second.get(key):
                raise ReportsError(f"{pair} were measured differently: settings.{key} is unequal")
        label = difference(shared(a), shared(b))
        if label is not None:
            raise ReportsError(f"{pair} are of other data: {label} is unequal")
        label = difference(codes(a), codes(b))
        if label is not None:
            raise ReportsError(f"{pair} were made by different code: that of {label} is unequal")


def measured(summary: Mapping[str, Any]) -> dict[str, Any]:
    settings = summary["settings"]
    return {key: value for key, value in settings.items() if key not in NOT_MEASURED_BY}


def shared(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of the artifacts that no training is behind, by step."""
    versions = summary["artifacts"].items()
    return {label: version for label, version in versions if label.split("/")[0] in SHARED}


def codes(summary: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprint of the code behind each step's artifact."""
    return {step["label"]: step["code"] for step in summary["lineage"]}


def difference(a: Mapping[str, str], b: Mapping[str, str]) -> str | None:
    """Return the first key at which two mappings differ."""
    return next((key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)), None)


def join(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return training seeds, window [s], and split -> perturbation -> variant -> joined figures.

    The judged split comes first, and it alone has ratios.
    """
    settings = summaries[0]["settings"]
    judged = settings["judged"]
    parts = [judged, *(split for split in summaries[0]["by_split"] if split != judged)]
    splits = {split: [summary["by_split"][split] for summary in summaries] for split in parts}
    joined = {split: join_tables(tables, settings["window_s"]) for split, tables in splits.items()}
    for perturbation, cells in joined[judged].items():
        for variant, cell in cells.items():
            cell |= join_ratios(summaries, perturbation, variant)
    return {
        "training_seeds": [summary["training_seed"] for summary in summaries],
        "sweep": join_sweeps(summaries),
        "window_s": settings["window_s"],
        "objects": {split: settings["objects"][split] for split in parts},
        "splits": joined,
    }


def join_sweeps(summaries: Sequence[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return variant -> perturbation -> mean hold [s] and goals a minute of the trade-off's own
    cells; a seed without a drop counts with all the time that it was watched."""
    first = summaries[0].get("sweep", {})
    return {
        variant: {
            perturbation: {
                "hold_s": mean([cell["time_s"] / max(cell["drops"], 1) for cell in cells]),
                "goals_per_min": mean([cell["goals_per_min"] for cell in cells]),
            }
            for perturbation in first
            for cells in [[s["sweep"][perturbation][variant] for s in summaries]]
        }
        for variant in next(iter(first.values()), {})
    }


def join_tables(
    tables: Sequence[dict[str, Any]], window_s: float
) -> dict[str, dict[str, dict[str, Any]]]:
    """Join one split's figures; `assisted` repeats another variant's and is left out."""
    return {
        perturbation: {
            variant: join_cells([table[perturbation] for table in tables], variant, window_s)
            for variant in cells
            if variant != "assisted"
        }
        for perturbation, cells in tables[0].items()
    }


def join_cells(seeds: Sequence[dict[str, Any]], variant: str, window_s: float) -> dict[str, Any]:
    """Return the means of one variant's figures; `seeds` holds each seed's variants.

    Where a zero command's median is the window's end, a share of it is an upper bound.
    """
    rows = [cells[variant] for cells in seeds]
    joined: dict[str, Any] = {name: mean([row[name] for row in rows]) for name in FIGURES}
    joined["contacts_kept"] = mean([row["contacts_kept"] for row in rows])
    still = [cells.get("zero", {}).get("hold_median_s") for cells in seeds]
    shares = [row["hold_median_s"] / zero for row, zero in zip(rows, still, strict=True) if zero]
    joined["median_of_zero"] = mean(shares)
    joined["median_is_bound"] = any(zero and zero >= window_s for zero in still)
    return joined


def join_ratios(
    summaries: Sequence[dict[str, Any]], perturbation: str, variant: str
) -> dict[str, Any]:
    """Return the ratios to the bare command, and to the scaled one at equal goals a minute."""
    bare = [summary["ratios"][perturbation].get(variant) for summary in summaries]
    joined: dict[str, Any] = {
        f"{key}_ratio": worst([one.get(key) if one else None for one in bare])
        for key in ("hold", "goals_per_drop", "goals_per_min", "hold_of_still", "median_of_still")
    }
    swept = [summary.get("matched", {}).get(perturbation, {}).get(variant) for summary in summaries]
    joined["matched_ratio"] = worst(
        [one and {"value": one["hold_ratio"], "low": one["low"]} for one in swept]
    )
    return joined


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of what is there; None of nothing."""
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None


def worst(ratios: Sequence[Any]) -> dict[str, Any] | None:
    """Return the mean ratio and the lowest of the lower bounds; None where nobody measured it.

    `without` counts the seeds that have no ratio, of `seeds`: beyond the scaled command's curve,
    or against a bare command that reached nothing. The mean is then the others', and has no bound.
    """
    if any(ratio is None for ratio in ratios):
        return None
    found = [ratio for ratio in ratios if ratio["value"] is not None]
    lows = [ratio["low"] for ratio in found]
    without = len(ratios) - len(found)
    return {
        "value": mean([ratio["value"] for ratio in found]),
        "low": None if without or None in lows else min(lows),
        "without": without,
        "seeds": len(ratios),
    }


def number(key: str, digits: int) -> Callable[[dict[str, Any]], str]:
    return lambda row: "" if row[key] is None else f"{row[key]:.{digits}f}"


def ratio(key: str, absent: str) -> Callable[[dict[str, Any]], str]:
    """Show a ratio with its bound in parentheses; `absent` says why a seed has none."""

    def shown(row: dict[str, Any]) -> str:
        found = row[f"{key}_ratio"]
        if found is None:
            return ""
        value = "" if found["value"] is None else f"{found['value']:.2f}"
        if found["without"]:
            return f"{value} {absent} ({found['without']} of {found['seeds']})".strip()
        return f"{value} ({'none' if found['low'] is None else format(found['low'], '.2f')})"

    return shown


def median_share(row: dict[str, Any]) -> str:
    words = number("median_of_zero", 2)(row)
    return f"\u2264 {words}" if words and row["median_is_bound"] else words


Columns = Mapping[str, Callable[[dict[str, Any]], str]]
COLUMNS: Columns = {
    "hold [s]": number("hold_s", 1),
    "goals/min": number("goals_per_min", 1),
    "goals/drop": number("goals_per_drop", 2),
    "intention": number("intention", 2),
    "median hold, share of zero's": median_share,
    "contacts kept": number("contacts_kept", 2),
}
RATIOS: Columns = {
    "hold x bare (low)": ratio("hold", "undefined"),
    "goals/drop x bare (low)": ratio("goals_per_drop", "undefined"),
    "hold x zero's (low)": ratio("hold_of_still", "undefined"),
    "median hold x zero's (low)": ratio("median_of_still", "undefined"),
    "hold x scaled at equal goals (low)": ratio("matched", "beyond"),
}


def text(joined: dict[str, Any]) -> str:
    """Return one Markdown table a split, the judged one's first and with its ratios."""
    blocks = [
        f"Training seeds {', '.join(map(str, joined['training_seeds']))}. A median ends with the "
        f"window, {joined['window_s']:g} s. Beyond: seeds whose goals a minute no scaled command "
        "reaches; the figure before it is the others' mean."
    ]
    judged = next(iter(joined["splits"].values()))
    if any(perturbation in judged for _, perturbation, _, _ in TARGETS):
        blocks += ["## Asked for", targets(judged)]
    if joined["sweep"]:
        blocks += ["## Trade-off and ablations, hold [s] / goals a minute", sweeps(joined["sweep"])]
    for i, (split, tables) in enumerate(joined["splits"].items()):
        title = f"## {split.replace('_', ' ').capitalize()}: {', '.join(joined['objects'][split])}"
        blocks += [title, table(tables, {**COLUMNS, **RATIOS} if i == 0 else COLUMNS)]
    return "\n\n".join(blocks)


def targets(judged: Mapping[str, dict[str, dict[str, Any]]]) -> str:
    """Return each target with what came of it, and whether the lower bound reaches it."""
    head = ["asked of guarded", "at least", "reached", *ANSWERS]
    rows = []
    for words, perturbation, key, least in TARGETS:
        cells = judged.get(perturbation, {})
        low = (cells.get("guarded", {}).get(f"{key}_ratio") or {}).get("low")
        enough = low is not None and low >= least
        shown = [ratio(key, "beyond")(cells[name]) if name in cells else "" for name in ANSWERS]
        rows.append([words, f"{least:g}", "yes" if enough else "no", *shown])
    return lined(head, rows)


def sweeps(joined: Mapping[str, dict[str, dict[str, Any]]]) -> str:
    head = ["answer", *next(iter(joined.values()))]
    rows = [
        [name, *(f"{cell['hold_s']:.1f} / {cell['goals_per_min']:.1f}" for cell in cells.values())]
        for name, cells in joined.items()
    ]
    return lined(head, rows)


def lined(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def table(tables: dict[str, dict[str, dict[str, Any]]], columns: Columns) -> str:
    lines = [
        f"| perturbation | answer | {' | '.join(columns)} |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for perturbation, cells in tables.items():
        for i, (variant, row) in enumerate(cells.items()):
            shown = (perturbation if i == 0 else "", variant, *(f(row) for f in columns.values()))
            lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

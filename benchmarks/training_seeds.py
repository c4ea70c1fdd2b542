"""Join the reports of several training seeds into the table of docs/results.md.

    for s in 0 1 2; do dexgen run training_seed=$s; done
    python benchmarks/training_seeds.py var/reports/*/summary.json --json results.json

Data, experts and test are the same in each; controller and critic were trained anew. A figure is
the mean over the seeds, a bound the worst of their 95% bounds.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

VARIANTS = ("unassisted", "scaled", "zero", "critic_gain", "paper", "guarded")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("summaries", type=Path, nargs="+", help="summary.json of each seed")
    parser.add_argument("--json", type=Path, help="file for the joined figures")
    options = parser.parse_args()
    summaries = [json.loads(path.read_text()) for path in options.summaries]
    bundles = {summary["bundle_hash"] for summary in summaries}
    if len(bundles) < len(summaries):
        print("training_seeds: two reports are of one controller", file=sys.stderr)
        return 2
    joined = join(summaries)
    print(table(joined))
    if options.json:
        options.json.write_text(json.dumps(joined, indent=1) + "\n")
    return 0


def join(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return perturbation -> variant -> joined figures."""
    first = summaries[0]["evaluation"]
    return {
        perturbation: {
            variant: cell(summaries, perturbation, variant)
            for variant in VARIANTS
            if variant in first[perturbation]
        }
        for perturbation in first
    }


def cell(summaries: Sequence[dict[str, Any]], perturbation: str, variant: str) -> dict[str, Any]:
    figures = [summary["evaluation"][perturbation][variant] for summary in summaries]
    names = ("hold_s", "hold_median_s", "goals_per_min", "goals_per_drop", "intention")
    joined: dict[str, Any] = {name: mean([row[name] for row in figures]) for name in names}
    ratios = [summary["ratios"][perturbation].get(variant) for summary in summaries]
    for key in ("hold", "goals_per_drop"):
        joined[f"{key}_ratio"] = worst([ratio and ratio[key] for ratio in ratios])
    matched = [
        summary.get("matched", {}).get(perturbation, {}).get(variant) for summary in summaries
    ]
    joined["matched_ratio"] = worst(
        [one and {"value": one["hold_ratio"], "low": one["low"]} for one in matched]
    )
    return joined


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def worst(ratios: Sequence[Any]) -> dict[str, float | None] | None:
    """Return the mean ratio and the lowest of the lower bounds; None where a seed has none."""
    if any(ratio is None or ratio["value"] is None for ratio in ratios):
        return None
    lows = [ratio["low"] for ratio in ratios]
    low = None if None in lows else min(lows)
    return {"value": mean([ratio["value"] for ratio in ratios]), "low": low}


def table(joined: dict[str, Any]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| perturbation | answer | hold [s] | goals/min | goals/drop | hold x bare (low) "
        "| goals/drop x bare (low) | hold x scaled at equal goals (low) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for perturbation, cells in joined.items():
        for i, (variant, row) in enumerate(cells.items()):
            shown = [
                perturbation if i == 0 else "",
                variant,
                f"{row['hold_s']:.1f}",
                f"{row['goals_per_min']:.1f}",
                f"{row['goals_per_drop']:.2f}",
                *(ratio(row[f"{key}_ratio"]) for key in ("hold", "goals_per_drop", "matched")),
            ]
            lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(lines)


def ratio(found: dict[str, float | None] | None) -> str:
    if found is None:
        return ""
    low = "none" if found["low"] is None else f"{found['low']:.2f}"
    return f"{found['value']:.2f} ({low})"


if __name__ == "__main__":
    sys.exit(main())

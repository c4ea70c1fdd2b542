"""The tables of docs/results.md, from joined figures (benchmarks/joined_seeds.py)."""

from collections.abc import Mapping, Sequence
from typing import Any

# What must be shown, of `guarded`: words, perturbations, figure, and what its bound must reach.
OPERATORS = ("bang_bang", "one_finger", "stop_and_go")
TARGETS = (
    ("hold, x bare", ("noisy_2.0",), "hold_ratio", 10.0),
    ("hold, x bare", ("noisy_1.0", "correlated"), "hold_ratio", 5.0),
    ("goals a minute, x bare", ("clean",), "goals_per_min_ratio", 0.9),
    ("hold, x scaled at equal goals", ("correlated", "kicks"), "matched", 3.0),
    ("hold, x scaled at equal goals", ("absolute",), "matched", 1.5),
    ("hold, x scaled at equal goals", (*OPERATORS, "noisy_1.0", "noisy_2.0"), "matched", 0.9),
    (
        "median hold, x the still hand's",
        ("open_hand", "spread_hand", "close_hand"),
        "median_of_still_ratio",
        0.8,
    ),
    ("contacts kept", ("withdraw_finger",), "contacts_kept", 0.9),
    ("hold, x bare", ("swapped_fingers", "mirrored_finger"), "hold_ratio", 1.0),
    (
        "hold, x the still hand's",
        ("swapped_fingers", "mirrored_finger"),
        "hold_of_still_ratio",
        0.5,
    ),
    ("intention, cosine", ("clean",), "intention", 0.59),  # that of the assistance before
    ("intention, cosine", ("slow_0.5",), "intention", 0.61),
    ("intention, cosine", ("absolute",), "intention", 0.33),
)
FOR_ALL = (
    ("one setting: geometric-mean hold, x the best scaled with as many goals", "vs_scaled", 3.0),
    ("one setting: hold in the worst family, x bare", "worst", 1.0),
)
ANSWERS = ("guarded", "student", "paper", "critic_gain")
# Of the table of kinds: answers whose hold and goals are shown
SHOWN = {
    "unassisted": "alone",
    "scaled_0.4": "x 0.4",
    "scaled_0.2": "x 0.2",
    "zero": "still",
    "critic_gain": "`critic_gain`",
    "paper": "`paper`",
    "student": "`student`",
    "guarded": "`guarded`",
}
OVERRIDDEN = ("reading", "critic", "prior")
COMPARED = (
    "`guarded` over alone (low)",
    "over scaled at equal goals (low)",
    "overridden by student / critic / prior",
    "believed",
)
TITLES = {
    "one_setting": "One setting for all",
    "one_setting_unseen": "One setting for all that no training saw",
}


def text(joined: Mapping[str, Any]) -> str:
    """Return the Markdown of all tables, one setting for all first."""
    parts = [f"## {title}\n\n{table}" for title, table in tables(joined).items()]
    return "\n\n".join([intro(joined), *parts])


def intro(joined: Mapping[str, Any]) -> str:
    objects, seeds = joined["objects"], ", ".join(map(str, joined["training_seeds"]))
    return (
        f"Training seeds {seeds}; {joined['pairs']} pairs of "
        f"{joined['window_s']:g} s on {', '.join(objects['held_out'])}, held out of training "
        f"({', '.join(objects['training'])}). In parentheses lower 95 % bounds: pairs are drawn "
        "anew, each with the answers of all seeds. Where no scaled command reaches as many goals, "
        "the nearest counts."
    )


def tables(joined: Mapping[str, Any]) -> dict[str, str]:
    """Return the Markdown tables by title."""
    found = {title: for_all(joined, name) for name, title in TITLES.items() if name in joined}
    found["Each kind of command"] = families(joined)
    if any(name in joined["families"] for _, names, _, _ in TARGETS for name in names):
        found["What must be shown"] = targets(joined)
    return found


def for_all(joined: Mapping[str, Any], name: str) -> str:
    head = ["answer", "hold [s] (low)", "goals/min (low)", "hold x scaled (low)", "each seed"]
    head.append("worst kind")
    rows = [
        [
            answer,
            *(shown(cell[key]) for key in ("hold", "goals_per_min", "vs_scaled")),
            ", ".join(f"{value:.2f}" for value in cell["each_seed"]),
            f"{cell['worst_family']}: {shown(cell['worst'])} x bare",
        ]
        for answer, cell in joined[name].items()
    ]
    return lined(head, rows)


def targets(joined: Mapping[str, Any]) -> str:
    """Return each target with what came of it, and whether the bound reaches it."""
    head = ["asked of guarded", "at least", "reached", *ANSWERS]
    rows = [
        row(words, least, {name: cell[key] for name, cell in joined["one_setting"].items()}, key)
        for words, key, least in FOR_ALL
    ]
    rows += [
        row(f"{name}: {words}", least, {answer: cell[key] for answer, cell in cells.items()}, key)
        for words, names, key, least in TARGETS
        for name in names
        for cells in [joined["families"].get(name, {})]
    ]
    return lined(head, rows)


def row(
    words: str, least: float, cells: Mapping[str, Mapping[str, Any] | None], key: str
) -> list[str]:
    found = cells.get("guarded")
    low = found["low"] if found else None
    enough = low is not None and low >= least
    verdict = "yes" if enough else "not measured" if found is None else "no"
    return [words, f"{least:g}", verdict, *(shown(cells.get(answer)) for answer in ANSWERS)]


def families(joined: Mapping[str, Any]) -> str:
    """Return hold [s] / goals a minute of each kind and answer, and what `guarded` did."""
    rows = []
    for name, cells in joined["families"].items():
        answers = [cells.get(answer) for answer in SHOWN]
        guarded = cells.get("guarded", {})
        rows.append(
            [
                f"{name} *" if name in joined["unseen"] else name,
                *(
                    f"{plain(c['hold_s'])} / {plain(c['goals_per_min'])}" if c else ""
                    for c in answers
                ),
                shown(guarded.get("hold_ratio")),
                equal_goals(guarded.get("matched")),
                " / ".join(percent(guarded.get(f"by_{part}")) for part in OVERRIDDEN) + " %",
                plain(guarded.get("believed")),
            ]
        )
    return lined(["kind of command", *SHOWN.values(), *COMPARED], rows)


def equal_goals(found: Mapping[str, Any] | None) -> str:
    """Return the ratio, with a `+` where no scaled command has as many goals."""
    return shown(found) + (" +" if found and not found["reached"] else "")


def percent(found: Mapping[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return ""
    share = 100 * found["value"]
    return f"{share:.0f}" if share >= 10 else f"{share:.1g}"


def shown(found: Mapping[str, Any] | None) -> str:
    """Return a figure with its lower bound in parentheses; nothing where it is undefined."""
    if found is None or found["value"] is None:
        return ""
    return f"{number(found['value'])} ({'none' if found['low'] is None else number(found['low'])})"


def plain(found: Mapping[str, Any] | None) -> str:
    return "" if found is None or found["value"] is None else number(found["value"])


def number(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


def lined(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])

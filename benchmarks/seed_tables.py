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
COLUMNS = {
    "hold [s]": "hold_s",
    "goals/min": "goals_per_min",
    "intention": "intention",
    "gain": "intention_gain",
    "hold x bare (low)": "hold_ratio",
    "hold x scaled at equal goals (low)": "matched",
    "hold x still hand's (low)": "hold_of_still_ratio",
    "drops/min above still hand's": "drops_above_still",
}
PLAIN = (
    "hold_s",
    "goals_per_min",
    "intention",
    "intention_gain",
    "drops_above_still",
)  # bounds are left out
KEYS = tuple(COLUMNS.values())
TITLES = {
    "one_setting": "One setting for all",
    "one_setting_unseen": "One setting for all that no training saw",
}


def text(joined: Mapping[str, Any]) -> str:
    """Return the Markdown of all tables, one setting for all first."""
    objects, seeds = joined["objects"], ", ".join(map(str, joined["training_seeds"]))
    blocks = [
        f"Training seeds {seeds}; {joined['pairs']} pairs of "
        f"{joined['window_s']:g} s on {', '.join(objects['held_out'])}, held out of training "
        f"({', '.join(objects['training'])}). In parentheses lower 95 % bounds: pairs are drawn "
        "anew, each with the answers of all seeds. Where no scaled command reaches as many goals, "
        "the nearest counts."
    ]
    blocks += [part for name in TITLES if name in joined for part in for_all(joined, name)]
    if any(name in joined["families"] for _, names, _, _ in TARGETS for name in names):
        blocks += ["## What must be shown", targets(joined)]
    return "\n\n".join([*blocks, "## Each kind of command", families(joined)])


def for_all(joined: Mapping[str, Any], name: str) -> list[str]:
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
    return [f"## {TITLES[name]}", lined(head, rows)]


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
    rows = []
    for name, cells in joined["families"].items():
        title = f"{name} (unseen)" if name in joined["unseen"] else name
        for i, (answer, cell) in enumerate(cells.items()):
            figures = [plain(cell[k]) if k in PLAIN else shown(cell[k]) for k in KEYS]
            rows.append(["" if i else title, answer, *figures])
    return lined(["command", "answer", *COLUMNS], rows)


def shown(found: Mapping[str, Any] | None) -> str:
    """Return a figure with its lower bound in parentheses; nothing where it is undefined."""
    if found is None or found["value"] is None:
        return ""
    return f"{number(found['value'])} ({'none' if found['low'] is None else number(found['low'])})"


def plain(found: Mapping[str, Any] | None) -> str:
    return "" if found is None or found["value"] is None else number(found["value"])


def number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def lined(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])

"""The figures as tables: all of them, their ratios to the bare command, and by object."""

from collections.abc import Mapping
from typing import Any

from tasks.report.naming import SPLIT_WORDS, STRENGTHS, in_order, strength, variants_of
from tasks.report.sections import judged_on, note, section, table, tall
from tasks.report.words import goals_per_drop, interval, number

COLUMNS = (
    ("hold_s", "time to a drop [s]"),
    ("goals_per_min", "goals a minute"),
    ("goals_per_drop", "goals a drop"),
    ("intention", "intention (cosine)"),
    ("intention_gain", "intention (gain)"),
    ("drops", "drops"),
    ("goals", "goals"),
)


def evaluation_table(summary: Mapping[str, Any]) -> str:
    settings = summary["settings"]
    head = ["perturbation", "variant", *(title for _, title in COLUMNS)]
    rows = [
        [
            "" if i else name,
            variant,
            *(figure(cells[variant], key) for key, _ in COLUMNS),
        ]
        for name, cells in summary["evaluation"].items()
        for i, variant in enumerate(in_order(variants_of(cells), settings))
    ]
    text = (
        f"{100 * settings['confidence']:g}% intervals in parentheses. They take drops and goals "
        "for Poisson processes and hold as far as that does; they speak of chance in these "
        f"windows, not of other objects. Windows: {settings['windows']}, of "
        f"{number(settings['window_s'])} s, in {settings['pairs'][settings['judged']]} "
        f"environments a cell, {judged_on(settings)}. Intention: "
        "realised against commanded keypoint motion; time after a drop counts as zero. "
        f"{default_of(settings)}"
    )
    return section("Figures", tall(table(head, rows, text_columns=2)), note(text))


def default_of(settings: Mapping[str, Any]) -> str:
    """Say which variant the robot would run, and how strongly."""
    name = settings.get("assisted")
    if name is None:
        return "No variant is the bundle's default assistance."
    ran = strength(name, settings, *STRENGTHS)
    return f"The default assistance is {name}{ran}."


RATIOS = {
    "hold": "time to a drop, \u00d7",
    "goals_per_drop": "goals a drop, \u00d7",
    "goals_per_min": "goals a minute, \u00d7",
    "hold_of_still": "time to a drop, \u00d7 zero's",
}


def ratios(summary: Mapping[str, Any]) -> str:
    """Return every variant's time to a drop and goals over the bare command's, and the former over
    that of a hand that never moves."""
    settings, found = summary["settings"], summary["ratios"]
    names = list(dict.fromkeys(name for cells in found.values() for name in variants_of(cells)))
    names = in_order(names, settings)
    parts = []
    for key, words in RATIOS.items():
        known = [n for n in names if any(key in cells.get(n, {}) for cells in found.values())]
        rows = [
            [perturbation, *(ratio(cells.get(name, {}).get(key)) for name in known)]
            for perturbation, cells in found.items()
        ]
        if known:
            parts.append(table([words, *known], rows))
    text = (
        "How many times the bare command's, and in the last table the hand's that never moves "
        "(zero), with the "
        f"{100 * settings['confidence']:g}% interval of a paired bootstrap over environments: what "
        "chance gave an environment, its object, grasp and disturbances, falls out. A variant "
        "without a drop counts as if one came at the end, so its ratio is a lower bound."
    )
    return section("Against the bare command", note(text), *parts)


def ratio(cell: Mapping[str, Any] | None) -> str:
    """Return a ratio with its interval; both may be unknown, and a bound may be missing."""
    if not cell or cell.get("value") is None:
        return "\u2013"
    if cell.get("low") is None and cell.get("high") is None:
        return f"{number(cell['value'])} (no interval)"
    low = 0.0 if cell.get("low") is None else cell["low"]
    return f"{number(cell['value'])} ({number(low)}\u2013{number(cell.get('high'))})"


def by_object(summary: Mapping[str, Any]) -> str:
    """Return each object's figures with its split, and each split's where it has several."""
    settings = summary["settings"]
    parts = []
    for split, evaluation in summary["by_split"].items():
        ones = {
            name: one["evaluation"]
            for name, one in summary["by_object"].items()
            if one["split"] == split
        }
        words = SPLIT_WORDS[split]
        parts += [(f"{name}, {words}", each) for name, each in ones.items()]
        parts += [(f"all {words}", evaluation)] if len(ones) > 1 else []
    variants = in_order(variants_of(next(iter(summary["evaluation"].values()))), settings)
    columns = variants
    made = []
    for words, figure_of in (("Time to a drop [s]", bounded), ("Goals [1/min]", goals_of)):
        rows = [
            ["" if i else title, perturbation, *(figure_of(cells[name]) for name in variants)]
            for title, evaluation in parts
            for i, (perturbation, cells) in enumerate(evaluation.items())
        ]
        head = ["object", "perturbation", *columns]
        made.append(f"<h3>{words}</h3>{tall(table(head, rows, text_columns=2))}")
    text = (
        "Time to a drop [s], \u2265 where no drop was seen, and goals a minute [1/min]. The "
        "trained-on objects are evaluated on the grasps that training used, with other seeds; "
        f"what differs between objects may be the object, not the training. {each_of(settings)}"
    )
    return section("By object", note(text), *made)


def each_of(settings: Mapping[str, Any]) -> str:
    """Say how many environments stand behind an object's figure, split by split."""
    said = []
    for split, names in settings["objects"].items():
        pairs = settings["pairs"].get(split, 0)
        if names and pairs:
            low, high = pairs // len(names), -(-pairs // len(names))
            count = f"{low}" if low == high else f"{low} or {high}"
            said.append(f"{count} for an object {SPLIT_WORDS[split]}")
    return f"Environments behind each figure of one object: {', '.join(said)}."


def bounded(cell: Mapping[str, Any]) -> str:
    """Return a time to a drop with its interval; without a drop its lower bound."""
    return figure(cell, "hold_s") if cell["drops"] else f"\u2265\u00a0{number(cell['hold_s_low'])}"


def goals_of(cell: Mapping[str, Any]) -> str:
    return number(cell["goals_per_min"])


def figure(cell: Mapping[str, Any], key: str) -> str:
    """Return a figure as text; without a drop only what was watched, and a lower bound."""
    if key == "hold_s" and not cell["drops"]:
        return f"none in {number(cell['time_s'])} ({interval(cell, key)})"
    if key == "goals_per_drop":
        return goals_per_drop(cell)
    if f"{key}_low" in cell:
        return f"{number(cell[key])} ({interval(cell, key)})"
    if isinstance(cell[key], int):
        return str(cell[key])
    return number(cell[key])

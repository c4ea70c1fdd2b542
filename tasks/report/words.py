"""What the evaluation says, in sentences made from its numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.report.claims import Cell, apart, standing

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
JUDGED_ON = {"held_out": "objects held out of training", "training": "the training's own objects"}


IN_WORDS = {  # kinds of perturbations that need no number
    "gaussian": "Gaussian noise on every joint command",
    "held": "noise on every joint command, held for a while",
    "tremor": "a trembling hand",
    "kicks": "a jolt of all joints now and then",
    "sticky": "a command that sticks now and then",
    "lost": "commands lost in bursts",
    "lag": "late commands",
    "swapped": "each finger's command given to its neighbour",
    "mirrored": "one finger's command negated",
    "stuck_joint": "one joint's command stuck",
    "uneven": "fingers that follow a share of their command",
    "push": "one finger pushed inwards now and then",
    "proportional": "an operator who moves each joint by a share of its way",
    "open_loop": "an operator who does not look at the hand",
    "bang_bang": "an operator with buttons: forward, back or still",
    "one_finger": "an operator who moves one finger at a time",
    "stop_and_go": "an operator who moves and rests",
    "operated": "another operator's command, spoilt",
}


def describe(name: str, settings: Mapping[str, Any]) -> str:
    """Return a perturbation in words, from its definition in the evaluation's settings."""
    definition = settings.get("perturbations", {}).get(name, {})
    match definition.get("kind"):
        case "clean":
            return "the expert's own command"
        case "noise":
            return f"uniform noise of ±{definition['amplitude']:g} on every joint command"
        case "slow":
            return f"the command slowed by a factor drawn up to {definition['beta']:g}"
        case "correlated":
            return f"noise correlated over {definition['time_constant_s']:g} s"
        case "absolute":
            return "an operator with late, inexact absolute commands"
        case "pose":
            return f"the whole hand commanded to its {definition['pose']} pose"
        case kind if kind in IN_WORDS:
            return IN_WORDS[kind]
        case "withdraw":
            return (
                f"one touching finger after another commanded away for {definition['seconds']:g} s"
            )
        case _:
            return name


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure with `digits` significant digits, as people write it; None is unbounded."""
    if value is None:
        return "∞"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    if abs(value) >= 1e-4:
        return f"{value:#.{digits}g}" if abs(value) >= 1e-3 else f"{value:.{digits}g}"
    mantissa, _, power = f"{value:.1e}".partition("e")
    return f"{mantissa}\u00a0×\u00a010{str(int(power)).translate(RAISED)}" if value else "0"


def interval(cell: Cell, key: str) -> str:
    return f"{number(cell[key + '_low'])}–{number(cell[key + '_high'])}"


def listed(names: Sequence[str]) -> str:
    """Return names as people list them."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "none"


def held(cell: Cell) -> str:
    """Return the time to a drop in words; without a drop nothing but the time watched."""
    if not cell["drops"]:
        return f"no drop in {number(cell['time_s'])}\u00a0s watched"
    return f"one drop every {number(cell['hold_s'])}\u00a0s"


def compared(ours: Cell, other: Cell) -> str:
    """Say how two times to a drop differ; a ratio only of two estimates that are told apart."""
    sign = apart(ours, other, "hold_s")
    if sign == 0:
        return "not told apart"
    if ours["drops"] and other["drops"]:
        return f"{number(ours['hold_s'] / other['hold_s'], 2)} times as long"
    return f"{'longer' if sign > 0 else 'shorter'}, beyond both intervals"


def headline(summary: Mapping[str, Any]) -> list[str]:
    """Return the page's opening sentences, the first of them the result: with one setting for
    all commands, where it is known; else under the first perturbation.

    Each claim stands with its interval, and says so where the numbers do not support a difference.
    """
    table, settings = summary["evaluation"], summary["settings"]
    name = next(iter(table))
    cells = table[name]
    if "assisted" not in cells or "unassisted" not in cells:
        return [f"Evaluated under {', '.join(table)}; there is no pair of variants to compare."]
    ours, bare = cells["assisted"], cells["unassisted"]
    told = "" if apart(ours, bare, "goals_per_min") else ", not told apart"
    result = (
        f"Under {describe(name, settings)}, on {JUDGED_ON[settings['judged']]}: {held(ours)} with "
        f"the controller and {held(bare)} without, {compared(ours, bare)}; "
        f"{number(ours['goals_per_min'])} goals a minute with and "
        f"{number(bare['goals_per_min'])} without{told}."
    )
    lines = [result, standing(table), measured_on(settings), *supporting(cells, settings)]
    return (
        one_for_all(summary) + lines + paired(summary, name) + trained(summary.get("metrics", {}))
    )


def one_for_all(summary: Mapping[str, Any]) -> list[str]:
    """Say in a sentence how the default assistance does over all families with one setting."""
    found = summary.get("one_setting", {})
    ours, bare, over = (found.get(name) for name in ("assisted", "unassisted", "vs_scaled"))
    if not (ours and bare and over):
        return []
    worst, holds = ours["worst_family"], [number(cell["hold_s"]) for cell in (ours, bare)]
    known = None not in (over["low"], over["high"])
    span = interval_of(over) if known else "no interval"
    told = "" if known and not over["low"] <= 1 <= over["high"] else ", not told apart"
    return [
        f"With one setting for all {len(summary['evaluation'])} kinds of commands, on "
        f"{JUDGED_ON[summary['settings']['judged']]}: held {holds[0]}\u00a0s with the "
        f"controller and {holds[1]}\u00a0s without (geometric mean), at "
        f"{number(ours['goals_per_min'])} and {number(bare['goals_per_min'])} goals a minute; "
        f"{number(over['value'])} ({span}) times as long as the best scaled command "
        f"{'that reaches as many goals' if over['reached'] else '(none reaches as many goals)'}"
        f"{told}. Worst against the bare command: {worst['name']}, "
        f"{number(worst['hold_over_bare']['value'])} times its hold."
    ]


def measured_on(settings: Mapping[str, Any]) -> str:
    """Say which objects the result is about, and which the controller was trained on."""
    held_out, training = (listed(settings["objects"][split]) for split in ("held_out", "training"))
    seen = f"the controller was trained on {training}"
    if settings["judged"] == "held_out":
        beside = ", whose figures stand apart, by object" if settings["pairs"]["training"] else ""
        return f"Measured on {held_out}, which no training step saw; {seen}{beside}."
    return (
        f"Measured on objects and grasps of the training itself: {seen}. Held out of it: "
        f"{held_out}."
    )


def supporting(cells: Mapping[str, Cell], settings: Mapping[str, Any]) -> list[str]:
    """Return what qualifies the result: intervals, goals, intention."""
    ours, bare = cells["assisted"], cells["unassisted"]
    share = f"{100 * settings['confidence']:g}%"
    return [
        f"{share} intervals: time to a drop {interval(ours, 'hold_s')}\u00a0s with, "
        f"{interval(bare, 'hold_s')}\u00a0s without; goals a minute "
        f"{interval(ours, 'goals_per_min')} with, {interval(bare, 'goals_per_min')} without. Two "
        "figures are told apart where their intervals do not overlap.",
        f"Goals a drop: {goals_per_drop(ours)} with, {goals_per_drop(bare)} without. Intention "
        f"(mean cosine): {number(ours['intention'])} with, {number(bare['intention'])} without.",
    ]


def paired(summary: Mapping[str, Any], name: str) -> list[str]:
    """Return what the paired bootstrap says: against the bare command, and at equal goals."""
    ours = summary["settings"].get("assisted")
    ratio = summary.get("ratios", {}).get(name, {}).get(ours, {}).get("hold", {})
    lines = []
    if None not in (ratio.get("value"), ratio.get("low"), ratio.get("high")):
        lines.append(
            "Paired environment by environment, the controller's time to a drop is "
            f"{number(ratio['value'])} ({interval_of(ratio)}) times the bare command's."
        )
    equal = summary.get("matched", {}).get(name, {}).get(ours)
    if equal is None:
        return lines
    known = None not in (equal["low"], equal["high"])
    span = interval_of(equal) if known else "no interval"
    told = "" if known and not equal["low"] <= 1 <= equal["high"] else ", not told apart"
    other = (
        "Against the best scaled command that reaches as many goals a minute, it is "
        if equal["reached"]
        else "No scaled command reaches as many goals; against the one that comes nearest it is "
    )
    return [*lines, f"{other}{number(equal['hold_ratio'])} ({span}) times as long{told}."]


def interval_of(ratio: Mapping[str, Any]) -> str:
    return f"{number(ratio['low'])}–{number(ratio['high'])}"


def goals_per_drop(cell: Cell) -> str:
    """Return goals a drop; without a drop the goals only, for there is no such ratio."""
    return number(cell["goals_per_drop"]) if cell["drops"] else f"{cell['goals']} and no drop"


def trained(metrics: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Say how much the controller was trained, as its step recorded it."""
    windows = [row["step"] for row in metrics.get("train", ()) if row["step"] is not None]
    if not windows:
        return []
    return [
        f"The controller was trained on {max(windows):,} windows, repeats counted (the paper: "
        "15 epochs of 10,000,000,000 transitions)."
    ]

"""What the dataset of a run covers, style by style, beside the version before."""

from collections.abc import Mapping

from tasks.report.figures import Bar, bar_chart
from tasks.report.naming import number
from tasks.report.parts import Picture, Table

BINS = 512  # of orientations (envs/shapes/rotation_bins.py)
TURNED, IN_USE = "orientations", "fingers"
# In this order, and each finger's touches after them.
COUNTED = ("episodes", "frames", "empty", "goals", "regrasps", "recoveries")
FIGURES = (*COUNTED, TURNED, "positions", IN_USE)
Coverage = Mapping[str, Mapping[str, float]]  # style -> figure -> value


def coverage(found: Mapping[str, Coverage]) -> Table:
    """`found`: now, and before where there was a version before; of it in parentheses."""
    now, before = found["now"], found["before"]
    known = dict.fromkeys(name for figures in now.values() for name in figures)
    names = [name for name in FIGURES if name in known]
    names += [name for name in known if name not in FIGURES]
    rows = [
        [style, *(cell(figures, before.get(style, {}), name) for name in names)]
        for style, figures in now.items()
    ]
    return Table(["style", *(head(name) for name in names)], rows)


def head(name: str) -> str:
    return "fingers in use" if name == IN_USE else name.replace(".", ": ")


def cell(now: Mapping[str, float], before: Mapping[str, float], name: str) -> str:
    """Return a figure with that of the version before, if it is known."""
    if name not in now:
        return ""
    return shown(now[name]) + (f" ({shown(before[name])})" if name in before else "")


def shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else number(value)


def orientations(found: Mapping[str, Coverage]) -> list[Picture]:
    """Return a picture of how many of all orientations each style's objects are in."""
    bars = [
        Bar(style, figures[TURNED], cell(figures, found["before"].get(style, {}), TURNED))
        for style, figures in found["now"].items()
        if TURNED in figures
    ]
    if not bars:
        return []
    return [Picture(f"Orientations of the object, of {BINS}", bar_chart(bars, BINS))]

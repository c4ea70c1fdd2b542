"""How figures, tables and progress look on a terminal, and in a log or a pipe."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

DIGITS = 12  # of a version, for people
LEAST_WIDTH = 24  # characters that a table's last column is not made narrower than
STYLES = {
    "passed": "green",
    "champion": "green",
    "reuse": "green",
    "run": "yellow",
    "failed": "red",
    "FAILED": "bold red",
}


def size(count: float) -> str:
    """Return a number of bytes as people read it: 14.2 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def count_of(number: int, what: str) -> str:
    """Return `1 object`, `2 objects`, `3 index entries`."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"


def short(version: str) -> str:
    return version[:DIGITS] or "-"


def minute(time_utc: str) -> str:
    """Return a time to the minute; `-` where none is known."""
    return time_utc[:16].replace("T", " ") or "-"


def table(
    rows: Sequence[Sequence[str]], head: Sequence[str] = (), right: Sequence[int] = ()
) -> str:
    """Return rows in columns; `right` are those of figures.

    On a terminal what does not fit is wrapped inside the last column; elsewhere a row is a line.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    whole = [*rows, head] if head else rows
    widths = [max(map(len, cells)) for cells in zip(*whole, strict=True)]
    console = Console(highlight=False)
    least = sum(widths[:-1]) + 2 * len(widths) + min(LEAST_WIDTH, *widths[-1:])
    console.width = max(console.width, least) if console.is_terminal else 2**16
    shown = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(head), header_style="bold"
    )
    for index in range(len(widths)):
        shown.add_column(
            head[index] if head else "",
            justify="right" if index in right else "left",
            no_wrap=index < len(widths) - 1,
        )
    for row in rows:
        shown.add_row(*(Text(cell, STYLES.get(cell.strip(), ""), overflow="fold") for cell in row))
    with console.capture() as captured:
        console.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


@contextmanager
def progress(label: str) -> Iterator[Callable[[float, float, str], None]]:
    """Yield what a command reports (done, total, unit) to: a bar on a terminal, else lines."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from tasks.running.context import Progress as Lines

    amount = TextColumn("{task.completed:,.0f} / {task.total:,.0f} {task.fields[unit]}")
    bars = Progress(TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    if not bars.console.is_terminal:
        yield Lines(label)
        return
    phases = {}

    def report(done: float, total: float, unit: str) -> None:
        if unit not in phases:
            phases[unit] = bars.add_task(label, unit=unit)
        bars.update(phases[unit], completed=done, total=total)

    with bars:
        yield report

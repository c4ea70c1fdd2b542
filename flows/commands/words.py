"""How figures and tables look on a terminal."""

from collections.abc import Sequence

DIGITS = 12  # of a version, for people


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


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return rows in columns as wide as need be; `right` are the columns of figures."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def short(version: str) -> str:
    return version[:DIGITS] or "-"


def minute(time_utc: str) -> str:
    """Return a time to the minute; `-` where none is known."""
    return time_utc[:16].replace("T", " ") or "-"

"""What a misspelt key or choice was most likely meant to be, in the words of an error."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches
from typing import Any

NEAR = 0.6  # share of equal letters from which two names are alike


def hint(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" for the nearest of the known names, nothing without a near one.

    A dotted name without its first parts (`rewards.drop`) is near if only one name ends so, or one
    of the fewest parts.
    """
    names = [one for one in dict.fromkeys(known) if one != name]
    ends = [one for one in names if one.endswith(f".{name}")]
    fewest = min((one.count(".") for one in ends), default=0)
    ends = [one for one in ends if one.count(".") == fewest]
    alike = [one for one in names if part_by_part(name, one)]
    found = ends if len(ends) == 1 else get_close_matches(name, alike, 1, NEAR)
    return f"; did you mean {found[0]!r}?" if found else ""


def part_by_part(name: str, other: str) -> bool:
    """Tell whether two dotted names are alike in every part, not only in a long common one."""
    pairs = zip(name.split("."), other.split("."), strict=False)
    return name.count(".") == other.count(".") and all(
        SequenceMatcher(None, a, b).ratio() >= NEAR for a, b in pairs
    )


def dotted(values: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted names of all keys of nested mappings."""
    for key, value in values.items() if isinstance(values, Mapping) else ():
        yield f"{prefix}{key}"
        yield from dotted(value, f"{prefix}{key}.")

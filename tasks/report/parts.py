"""What pages are made of, tables and pictures, and the templates (*.html.j2) that lay them out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tasks.report.naming import tone
from tasks.report.style import COLOURS

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Table:
    """Texts under a head; the first `text_columns` are words, the others numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1
    title: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawing with its caption."""

    title: str
    svg: Markup


@dataclass(frozen=True)
class Key:
    """A variant in a legend: its sign, and what it does."""

    name: str
    words: str
    sign: str = "\u25cf"

    @property
    def tone(self) -> int:
        return tone(self.name)


@cache
def templates() -> Environment:
    """Return the templates of this folder; whatever they print is escaped."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["breaking"] = breaking
    made.globals["colours"] = COLOURS
    return made


def breaking(cell: str) -> Markup:
    """Escape a text; a name may break after an underline, where room is short."""
    return Markup(str(escape(cell)).replace("_", "_<wbr>"))


def lay_out(template: str, **values: Any) -> str:
    """Return a page."""
    return templates().get_template(template).render(values)


def blank_repeats(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """Leave out a row's first text where it is the row's above."""
    made, before = [], None
    for first, *others in rows:
        made.append(["" if first == before else first, *others])
        before = first
    return made

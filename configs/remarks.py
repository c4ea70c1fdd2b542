"""What is known of each value: YAML says value, unit and source, the type's field the meaning.

A comment belongs to the value beside it or below it. It may go on in the lines below a long line;
a blank line ends it.
"""

import ast
import dataclasses
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

UNIT = re.compile(r"\[(?!-?\d+, )([^\]]+)\]")  # a unit, not a range of numbers
LONG = 160  # [characters] a longer value is looked up in its file


@dataclasses.dataclass(frozen=True)
class Row:
    """One value: where it stands, what it is, and what the two files say of it."""

    key: str
    value: str
    unit: str
    allowed: str
    meaning: str
    source: str


def rows_of(path: Path, kind: Any, prefix: str) -> Iterator[Row]:
    """Yield the rows of a YAML file, in its order."""
    lines = path.read_text().splitlines()
    node = yaml.compose(path.read_text())
    assert isinstance(node, yaml.MappingNode)
    yield from walk(node, kind, prefix, lines, "")


def walk(node: Any, kind: Any, prefix: str, lines: list[str], unit: str) -> Iterator[Row]:
    """Yield the rows below a mapping; `unit` is what the line that opens it says."""
    for key_node, value in node.value:
        key, field = key_node.value, field_of(kind, key_node.value)
        said = comment(lines, key_node.start_mark.line)
        units = ", ".join(UNIT.findall(said))
        inner = mapping_type(field)
        if isinstance(value, yaml.MappingNode) and inner is not None:
            yield from walk(value, inner, f"{prefix}.{key}", lines, units or unit)
            continue
        text, meaning = shown_value(value), remark(kind, key)
        inherited = unit if re.search(r"\d", text) and not text[0].isalpha() else ""
        yield Row(
            key=f"`{prefix}.{key}`",
            value=f"`{text}`" if len(text) <= LONG else "see the file",
            unit=units or ", ".join(UNIT.findall(meaning)) or inherited or "-",
            allowed=allowed(field),
            meaning=UNIT.sub("", meaning).strip(" ;"),
            source=UNIT.sub("", said).strip(" ;"),
        )


def comment(lines: list[str], number: int) -> str:
    """Return what a YAML file says of the value in a line: above it, beside it, and below it."""
    above, _ = block_above(lines, number)
    beside = after_hash(lines[number])
    following = number + 1
    while following < len(lines) and lines[following].strip().startswith("#"):
        following += 1
    below = block_above(lines, following)[1] if beside and following < len(lines) else []
    return " ".join([*above, *([beside] if beside else []), *below])


def block_above(lines: list[str], number: int) -> tuple[list[str], list[str]]:
    """Split the comment lines above a value into (its own, those of the value before).

    They are its own from the first that begins with a unit; without one, all of them if nothing
    stands beside the value. What a file begins with is about the file.
    """
    first = number
    while first > 0 and lines[first - 1].strip().startswith("#"):
        first -= 1
    block = [line.strip().lstrip("# ") for line in lines[first:number]]
    begins = next((i for i, line in enumerate(block) if line.startswith("[")), len(block))
    if first == 0:
        return block[begins:], []
    if begins < len(block):
        return block[begins:], block[:begins]
    return ([], block) if after_hash(lines[number]) else (block, [])


def after_hash(line: str) -> str:
    found = re.search(r"\s#\s?(.*)$", line)
    return found.group(1).strip() if found else ""


def about(path: Path) -> str:
    """Return what a YAML file says of itself: the comment that it begins with."""
    lines = [line.lstrip("# ") for line in path.read_text().splitlines()]
    heads = [line.startswith("#") for line in path.read_text().splitlines()]
    count = next(i for i, head in enumerate(heads) if not head or lines[i].startswith("["))
    return " ".join(lines[:count])


def shown_value(node: Any) -> str:
    """Return a value on one line, as YAML writes it."""
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return "[" + ", ".join(shown_value(one) for one in node.value) + "]"
    pairs = (f"{key.value}: {shown_value(value)}" for key, value in node.value)
    return "{ " + ", ".join(pairs) + " }"


def hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def bare(hint: Any) -> tuple[list[Any], list[Any]]:
    """Return a hint's alternatives without None, and what its annotations demand."""
    demands: list[Any] = []
    if typing.get_origin(hint) is typing.Annotated:
        hint, *extra = typing.get_args(hint)
        demands = [one for field in extra for one in getattr(field, "metadata", [field])]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        found: list[Any] = []
        for one in typing.get_args(hint):
            alternatives, more = bare(one)
            found += alternatives
            demands += more
        return [one for one in found if one is not type(None)], demands
    return [hint], demands


def field_of(kind: Any, key: str) -> Any:
    """Return the type of a key: a field's, or that of a dictionary's values."""
    if typing.get_origin(kind) is dict:
        return typing.get_args(kind)[1]
    return hints(kind).get(key)


def mapping_type(field: Any) -> Any:
    """Return the type to go on with below a key, None where its value is one row."""
    alternatives, _ = bare(field)
    if len(alternatives) != 1:
        return None
    (one,) = alternatives
    if typing.get_origin(one) is dict or dataclasses.is_dataclass(one):
        return one
    return None


def allowed(field: Any) -> str:
    """Return what a value may be, in a few words."""
    alternatives, demands = bare(field)
    names = [literal(one) for one in alternatives]
    if len(names) > 3:
        names = ["one of several kinds"]
    bounds = [
        f"{sign} {getattr(one, name):g}"
        for one in demands
        for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
        if getattr(one, name, None) is not None
    ]
    return " ".join([" or ".join(names), *bounds]) + (", or null" if optional(field) else "")


def optional(field: Any) -> bool:
    if typing.get_origin(field) is typing.Annotated:
        return optional(typing.get_args(field)[0])
    return type(None) in typing.get_args(field)


def literal(one: Any) -> str:
    origin = typing.get_origin(one)
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in typing.get_args(one))
    if origin is tuple:
        return "list"
    return getattr(one, "__name__", str(one))


@cache
def remarks(module: str) -> dict[tuple[str, str], str]:
    """Return the comments behind the fields of a module's classes."""
    text = inspect.getsource(sys.modules[module])
    lines = text.splitlines()
    return {
        (one.name, item.target.id): after_hash(lines[item.end_lineno - 1])
        for one in ast.walk(ast.parse(text))
        if isinstance(one, ast.ClassDef)
        for item in one.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.end_lineno
    }


def remark(kind: Any, key: str) -> str:
    """Return what stands behind a type's field, its own or one that it takes over."""
    bases = kind.__mro__ if dataclasses.is_dataclass(kind) else ()  # type: ignore[union-attr]
    found = (remarks(one.__module__).get((one.__name__, key)) for one in bases[:-1])
    return next((text for text in found if text), "")

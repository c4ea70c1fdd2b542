"""What is known of each value: YAML says value, unit and source, the type's field the meaning.

A comment belongs to the value (or the field) beside it or below it. In YAML it may go on in the
lines below a long line; a blank line ends it.
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
    yield from walk(node, kind, prefix, lines)


def walk(
    node: Any, kind: Any, prefix: str, lines: list[str], above: tuple[str, str] = ("", "")
) -> Iterator[Row]:
    """Yield the rows below a mapping; `above` is its comment and its meaning.

    Its comment counts for the numbers below that have none of their own, its meaning for entries
    under free names.
    """
    for key_node, value in node.value:
        if key_node.value == "defaults":  # Hydra's own
            continue
        key, field = key_node.value, field_of(kind, key_node.value)
        said, meaning = comment(lines, key_node.start_mark.line), remark(kind, key)
        inner = mapping_type(field) or own_rows(kind, field, value)
        if isinstance(value, yaml.MappingNode) and inner is not None:
            yield from walk(value, inner, f"{prefix}.{key}", lines, (said or above[0], meaning))
            continue
        text, meaning = shown_value(value), meaning or about_kind(field, value) or above[1]
        has_numbers = re.search(r"\d", text) and not text[0].isalpha()
        inherited = above[0] if has_numbers else ""
        found = (UNIT.findall(words) for words in (said, meaning, inherited))
        yield Row(
            key=f"`{prefix}.{key}`",
            value=f"`{text}`" if len(text) <= LONG else "see the file",
            unit=", ".join(next((units for units in found if units), ["-"])),
            allowed=allowed(field),
            meaning=without_units(meaning),
            source=without_units(said) or without_units(inherited),
        )


def without_units(text: str) -> str:
    return re.sub(r"^[;,\s]+|[;\s]+$", "", UNIT.sub("", text))


def about_kind(field: Any, value: Any) -> str:
    """Return what a value with a `kind` is: the first sentence of that kind's type."""
    one = kind_type(field, value)
    said = "" if one is None else one.__doc__ or ""
    return " ".join(said.split("\n\n")[0].split()).removesuffix(".")


def kind_type(field: Any, value: Any) -> Any:
    """Return the type that a value's `kind` names among a field's alternatives, or None."""
    if not isinstance(value, yaml.MappingNode):
        return None
    said = {key.value: one.value for key, one in value.value}
    alternatives = [one for one in bare(field)[0] if dataclasses.is_dataclass(one)]
    named = (one for one in alternatives if said.get("kind") in typing.get_args(hints(one)["kind"]))
    return next(named, None) if "kind" in said else None


def own_rows(kind: Any, field: Any, value: Any) -> Any:
    """Return the type to go on with below a setting of several kinds, if it is given in lines."""
    in_lines = isinstance(value, yaml.MappingNode) and not value.flow_style
    return kind_type(field, value) if in_lines and dataclasses.is_dataclass(kind) else None


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
    limits = " and ".join(bounds)
    return f"{' or '.join(names)} {limits}".strip() + (", or null" if optional(field) else "")


def optional(field: Any) -> bool:
    if typing.get_origin(field) is typing.Annotated:
        return optional(typing.get_args(field)[0])
    return type(None) in typing.get_args(field)


def literal(one: Any) -> str:
    origin = typing.get_origin(one)
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in typing.get_args(one))
    if origin is tuple:
        return "list of " + literal(bare(typing.get_args(one)[0])[0][0])
    return getattr(one, "__name__", str(one))


@cache
def remarks(module: str) -> dict[tuple[str, str], str]:
    """Return the comments of the fields of a module's classes, above each field or behind it."""
    text = inspect.getsource(sys.modules[module])
    lines = text.splitlines()
    return {
        (one.name, item.target.id): of_field(lines, item)
        for one in ast.walk(ast.parse(text))
        if isinstance(one, ast.ClassDef)
        for item in one.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }


def of_field(lines: list[str], item: ast.AnnAssign) -> str:
    first = item.lineno - 1
    while lines[first - 1].strip().startswith("#"):
        first -= 1
    above = [line.strip().lstrip("# ") for line in lines[first : item.lineno - 1]]
    behind = after_hash(lines[(item.end_lineno or item.lineno) - 1])
    return " ".join([*above, *([behind] if behind else [])])


def remark(kind: Any, key: str) -> str:
    """Return what is said of a type's field, its own or one that it takes over."""
    bases = kind.__mro__ if dataclasses.is_dataclass(kind) else ()  # type: ignore[union-attr]
    found = (remarks(one.__module__).get((one.__name__, key)) for one in bases[:-1])
    return next((text for text in found if text), "")

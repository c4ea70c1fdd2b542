"""What the documents say: their text, the commands that they print, their sentences."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from configs.load import FOLDER, load, plain
from configs.schema.pipeline import Config
from configs.schema.robot import RobotConfig

ROOT = Path(__file__).resolve().parents[1]
GENERATED = ROOT / "docs" / "reference"
FENCE = re.compile(r"```.*?```", re.DOTALL)


def documents() -> list[Path]:
    """Return every document that people write."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    return sorted(path for path in found if GENERATED not in path.parents)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[str]:
    """Yield the lines of the fenced blocks, those that end in a backslash joined with the next."""
    for block in FENCE.findall(text):
        yield from block.replace("\\\n", " ").splitlines()[1:-1]


def spans(text: str) -> list[str]:
    """Return what stands in backticks outside of the blocks."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def commands(program: str) -> list[tuple[str, list[str]]]:
    """Return the commands of a program that blocks print, with the document's name.

    A line that begins with `$` shows what somebody saw, and is no command to repeat.
    """
    found = []
    for path in documents():
        for line in blocks(path.read_text()):
            if re.match(rf"(\w+=\S+ )*{program} ", line.strip()):
                found.append((name(path), without_variables(shlex.split(line, comments=True))))
    return found


def without_variables(words: list[str]) -> list[str]:
    """Leave out the program, and what is set before it (NAME=value)."""
    first = next(i for i, word in enumerate(words) if "=" not in word)
    return words[first + 1 :]


def paragraphs(text: str) -> Iterator[str]:
    """Yield paragraphs and list items; no blocks, tables, headings or pictures."""
    lines: list[str] = []
    for line in [*FENCE.sub("\n", text).splitlines(), ""]:
        words = line.strip()
        item = re.match(r"([-*]|\d+\.) ", words)
        if not words or words.startswith(("|", "#", "![", "<!--")) or item:
            if lines:
                yield " ".join(lines)
            lines = [words[item.end() :]] if item else []
        else:
            lines.append(words)


def sentences(text: str) -> list[str]:
    """Return the sentences of a document's paragraphs; a link counts as its words."""
    found = []
    for paragraph in paragraphs(text):
        plain = re.sub(r"\]\([^)]*\)", "]", paragraph)
        found += re.split(r"(?<=[.!?])[*_)\"]*\s+(?=[A-Z`*\"(\[0-9])", plain)
    return [sentence for sentence in found if re.search(r"\w", sentence)]


@cache
def groups() -> dict[str, Any]:
    """Return the plain values of every group, those of the robot and of lakeFS too."""
    found = plain(load(Config, ["store=lakefs"])) | plain(
        load(RobotConfig, ["robot=twin"], root="robot_config")
    )
    return {group: values for group, values in found.items() if isinstance(values, dict)}


def has(values: Any, keys: list[str]) -> bool:
    """Tell whether a dotted key is there; a name may hold a dot itself (noisy_2.0)."""
    if not keys:
        return True
    if not isinstance(values, dict):
        return False
    heads = range(1, len(keys) + 1)
    return any(
        ".".join(keys[:n]) in values and has(values[".".join(keys[:n])], keys[n:]) for n in heads
    )


def is_known(setting: str) -> bool:
    """Tell whether a `group=choice` or a `group.key=value` can be said; `+` adds what is new."""
    key, _, value = setting.partition("=")
    if key.startswith("+"):
        return has(groups(), key[1:].split(".")[:-1])
    if "." in key:
        return has(groups(), key.split("."))
    return key in ("seed", "training_seed", "home") or (FOLDER / key / f"{value}.yaml").is_file()

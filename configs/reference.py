"""The reference pages of the configuration: `python -m configs.reference` writes docs/reference/.

A row joins what stands in two places: a value with its unit and source in YAML, and what it means
and may be in the type's field (configs/schema/). Nothing is written here that is not there.
"""

import dataclasses
import inspect
import textwrap
from pathlib import Path
from typing import Any

import yaml

from configs.load import FOLDER, load, plain
from configs.remarks import about, bare, hints, rows_of
from configs.schema.pipeline import Config
from configs.schema.robot import TwinSettings
from configs.schema.store import LakeFSSettings

PAGES = FOLDER.parent / "docs" / "reference"
# The file that a group's table shows; the others are listed beside it.
SHOWN = {"hand": "allegro", "objects": "quickstart", "randomization": "table3", "store": "lakefs"}
PROFILES = ("smoke", "quickstart", "workstation", "paper")
# Groups whose type says only how long a training is: their module says what they are.
BY_MODULE = ("critic", "distill", "evaluate", "train", "store", "robot")
HEAD = "<!-- Written by `python -m configs.reference`; edit configs/ instead. -->\n\n"
SOURCES = """The last column of each page says where a value comes from:

- *paper*: from the paper, with its section, table or algorithm.
- *analogue*: from a similar project, which is named. HORA, PenSpin and DeXtreme are published
  policies that turn objects in a hand.
- *measured choice*: chosen by a measurement, here or with an earlier prototype.
- *ours*: chosen without one, for the reason that follows.

The unit *action* is a joint's share of the greatest step of its target, from -1 to 1.
*Tolerances* are those of a goal. A `-` stands for a value without a unit.

"""
LONG = 60  # [characters] a longer value is looked up in its file
COLUMNS = ("key", "value", "unit", "allowed", "meaning", "source and reason")


def pages() -> dict[str, str]:
    """Return the text of every page by its file's name."""
    groups: dict[str, Any] = {
        name: hint for name, hint in hints(Config).items() if not is_number(hint)
    }
    groups |= {"store": LakeFSSettings, "robot": TwinSettings}
    texts = {f"{name}.md": group_page(name, kind) for name, kind in groups.items()}
    return {"README.md": index(groups), "profile.md": profile_page(), **texts}


def index(groups: dict[str, Any]) -> str:
    rows = [
        (f"[`{name}`]({name}.md)", choices(name), summary(name, kind))
        for name, kind in groups.items()
    ]
    rows.append(("[`profile`](profile.md)", choices("profile"), "The size of a run."))
    return (
        HEAD
        + "# Configuration reference\n\nOne page for each group of `configs/`.\n"
        + "Choose a file with `group=choice`, and set a value with `group.key=value`.\n\n"
        + SOURCES
        + table(("group", "choices", "what it holds"), rows)
    )


def group_page(name: str, kind: Any) -> str:
    """Return the page of one group: its table, and what its other files change."""
    shown = SHOWN.get(name, "twin" if name == "robot" else "default")
    path = FOLDER / name / f"{shown}.yaml"
    own, words = about(path), summary(name, kind)
    parts = [HEAD + f"# `{name}`", "" if own.startswith(words) else wrapped(words), wrapped(own)]
    parts.append(f"Values of [`configs/{name}/{shown}.yaml`](../../configs/{name}/{shown}.yaml).")
    others = [other for other in sorted((FOLDER / name).glob("*.yaml")) if other.stem != shown]
    if others:
        links = ", ".join(f"[`{o.stem}`](../../configs/{name}/{o.name})" for o in others)
        parts.append(f"Other choices: {links}.")
    parts.append(values_of(path, kind, name))
    parts += [changes(other, kind, name) for other in others if builds_on(other, shown)]
    return "\n\n".join(part for part in parts if part) + "\n"


def values_of(path: Path, kind: Any, name: str) -> str:
    rows = [dataclasses.astuple(row) for row in rows_of(path, kind, name)]
    return table(COLUMNS, rows).rstrip()


def builds_on(path: Path, shown: str) -> bool:
    return shown in yaml.safe_load(path.read_text()).get("defaults", [])


def changes(path: Path, kind: Any, name: str) -> str:
    """Return the section of a file that builds on the one shown."""
    parts = [f"## `{path.stem}`", wrapped(about(path)), values_of(path, kind, name)]
    return "\n\n".join(part for part in parts if part)


def profile_page() -> str:
    """Return the values in which the profiles differ, side by side."""
    found = {name: flat(plain(load(Config, [f"profile={name}"]))) for name in PROFILES}
    keys = dict.fromkeys(key for values in found.values() for key in values)
    rows = []
    for key in keys:
        values = [found[name].get(key, "") for name in PROFILES]
        if len(set(values)) > 1 and not key.startswith("objects.") and not key.endswith(".why"):
            shown = [value if len(value) <= LONG else "see the file" for value in values]
            rows.append((f"`{key}`", *shown))
    text = "# `profile`\n\nThe values in which the four profiles differ; sets of objects aside."
    return HEAD + text + "\n\n" + table(("key", *PROFILES), rows)


def flat(values: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(values, dict):
        found: dict[str, str] = {}
        for key, value in values.items():
            found |= flat(value, f"{prefix}.{key}" if prefix else str(key))
        return found
    return {prefix: f"{values:g}" if isinstance(values, float) else str(values)}


def is_number(hint: Any) -> bool:
    return bare(hint)[0] == [int]


def summary(name: str, kind: Any) -> str:
    """Return the first paragraph of a type's docstring, or of what else says what the group is."""
    if name == "hazards":  # of the type of `rollouts`
        return about(FOLDER / name / "default.yaml").split(". ")[0] + "."
    own = kind.__doc__ or ""
    text = "" if own.startswith(f"{kind.__name__}(") or name in BY_MODULE else own
    text = text or inspect.getmodule(kind).__doc__ or ""  # type: ignore[union-attr]
    return " ".join(text.split("\n\n")[0].split())


def wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def choices(group: str) -> str:
    return ", ".join(f"`{path.stem}`" for path in sorted((FOLDER / group).glob("*.yaml")))


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |\n" for row in lines)


def main() -> None:
    for name, text in pages().items():
        PAGES.mkdir(parents=True, exist_ok=True)
        (PAGES / name).write_text(text)
    print(f"{PAGES}: {len(pages())} pages")


if __name__ == "__main__":
    main()

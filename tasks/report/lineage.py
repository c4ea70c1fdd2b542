"""Where the result comes from: every step's inputs, version and code, in the pipeline's order."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tasks.report.sections import commit, flowing, note, section, table

SHORT = 12  # signs of a hash that are shown; the whole one is in summary.json


def lineage(summary: Mapping[str, Any]) -> str:
    """Return the run's own marks and the table of `lineage`, which a run without steps lacks."""
    marks = {
        "overrides": " ".join(summary.get("overrides", [])) or "none",
        "configuration": summary.get("configuration"),
        "code": commit(summary.get("code")),
        "bundle": summary.get("bundle_hash"),
    }
    rows = "".join(
        f'<tr><td class="text">{escape(name)}</td><td class="code">{escape(str(value))}</td></tr>'
        for name, value in marks.items()
        if value
    )
    own = f'<div class="wide"><table class="lineage">{rows}</table></div>'
    return section("Lineage", own, steps(summary["lineage"]) if summary.get("lineage") else "")


def steps(made: Sequence[Mapping[str, Any]]) -> str:
    """`made`: label, version, code, configuration and inputs (name -> version) of every step."""
    labels = {one["version"]: one["label"] for one in made}
    rows = [
        [
            one["label"],
            ", ".join(labels.get(version, version[:SHORT]) for version in one["inputs"].values()),
            *(one[key][:SHORT] for key in ("version", "code", "configuration")),
        ]
        for one in made
    ]
    head = ["step", "made from", "version", "code", "configuration"]
    text = (
        f"The first {SHORT} signs of each hash. Code: the fingerprint of the step's module and of "
        "every module of the project that it imports. Version: the hash of the artifact's files "
        "and origin."
    )
    return note(text) + flowing(table(head, rows, text_columns=5))

"""The registry's words for people: `dexgen models ...`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flows.home import home_folder, quiet


def listing() -> str:
    """Return every registered version with its aliases, one line each."""
    from tasks.registry.listing import list_models

    rows = list_models(prepared())
    if not rows:
        return "no models yet: run `dexgen run`"
    lines = [f"{'model':<18}{'version':>7}  {'aliases':<22}{'verdict':<9}{'release':<9}bundle"]
    lines += [
        f"{row['model']:<18}{row['version']:>7}  {', '.join(row['aliases']):<22}"
        f"{row['verdict'] or '':<9}{joined(row['releases']):<9}{(row['bundle_hash'] or '')[:12]}"
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def description(version: str) -> str:
    """Return everything about a version: gates, lineage, figures, files.

    `version` is a controller's number or alias, or another model's, as expert-fast/1.
    """
    from tasks.registry.listing import show

    model, _, number = version.rpartition("/")
    content = show(prepared(), number, *([model] if model else []))
    flat = {key: value for key, value in content.items() if not isinstance(value, dict)}
    hidden = ("files", "decision", "release_decision")
    parts = [f"{key:<16}{shown(flat[key])}" for key in flat if key not in hidden]
    if content["decision"]:
        parts += ["", "gates of the newest decision", *gates(content["decision"]["gates"])]
    if content["release_decision"]:
        signed = content["release_decision"]["gates"]
        parts += ["", "gates of its release, as signed", *gates(signed)]
    for key in ("lineage", "parameters", "figures"):
        parts += ["", key, *(f"  {name:<56}{value}" for name, value in content[key].items())]
    return "\n".join([*parts, "", "files", *(f"  {name}" for name in content["files"])])


def promote(version: str, approver: str) -> str:
    """Approve a version if its gates hold, and say what that came to.

    Raises:
        PromotionRefused: a gate failed; named with value and threshold.
    """
    from tasks.registry.promote import promote_version

    decision = promote_version(prepared(), version, approver)
    lines = gates(decision["gates"])
    return "\n".join([*lines, f"version {decision['version']} is release {decision['sequence']}"])


def rollback(approver: str, in_force: int | None) -> str:
    """Release the previous champion again under a new signature.

    `in_force` names the release to go back from, so that a repeated command goes back once.
    """
    from tasks.registry.rollback import rollback as roll_back

    approval = roll_back(prepared(), approver, in_force)
    went_from, went_to = approval["went_from"], approval["went_to"]
    return (
        f"release {approval['sequence']}, approved by {approval['approver']}: a signed rollback "
        f"from release {went_from['sequence']} (bundle {went_from['bundle_hash'][:12]}) to the "
        f"bundle of release {went_to['sequence']} ({went_to['bundle_hash'][:12]})"
    )


def prepared() -> Path:
    home = home_folder()
    quiet(home)
    return home


def gates(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"  {'passed' if row['passed'] else 'FAILED'}  {row['gate']:<24}{row['reason']}"
        for row in rows
    ]


def shown(value: Any) -> str:
    if isinstance(value, list):
        return joined(value) or "-"
    return "-" if value is None else str(value)


def joined(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values)

"""`dexgen models ...`: the registry for people."""

import getpass
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from flows.commands.data_arguments import home
from flows.commands.terminal import table

models = typer.Typer()
Version = Annotated[
    str,
    typer.Argument(metavar="VERSION", help="a number, an alias, or another model's: expert-fast/1"),
]
Approver = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        default_factory=getpass.getuser,
        show_default="you",
        help="who signs the approval",
    ),
]


@models.command("list")
def list_models() -> None:
    """Versions and aliases."""
    from tasks.registry.listing import list_models

    rows = [
        (
            row["model"],
            str(row["version"]),
            joined(row["aliases"]),
            row["verdict"] or "",
            joined(row["releases"]),
            (row["bundle_hash"] or "")[:12],
        )
        for row in list_models(home())
    ]
    head = ("model", "version", "aliases", "verdict", "release", "bundle")
    print(table(rows, head, right=(1,)) if rows else "no models yet: run `dexgen run`")


@models.command("show")
def show_model(
    version: Version,
    figures: Annotated[bool, typer.Option("--figures", help="all figures of its report")] = False,
) -> None:
    """One version with its gates, lineage, parameters and files."""
    from tasks.registry.listing import show

    model, _, number = version.rpartition("/")
    content = show(home(), number, *([model] if model else []))
    hidden = ("files", "decision", "release_decision")
    flat = {key: value for key, value in content.items() if not isinstance(value, dict)}
    print(table([(key, shown(value)) for key, value in flat.items() if key not in hidden]))
    said = None  # equal gates are printed once
    for decision, title in (
        ("decision", "gates of the newest decision"),
        ("release_decision", "gates of its release, as signed"),
    ):
        if content[decision] and content[decision] != said:
            said = content[decision]
            print(f"\n{title}\n{gates(content[decision]['gates'])}")
    if not figures:
        content["figures"] = {"": f"{len(content['figures'])}; --figures prints them"}
    for key in ("lineage", "parameters", "figures"):
        rows = [(f"  {name}", str(value)) for name, value in content[key].items()]
        print(f"\n{key}" + (f"\n{table(rows)}" if rows else ""))
    print("\nfiles", *(f"  {name}" for name in content["files"]), sep="\n")


@models.command("promote")
def promote_model(version: Version, approver: Approver) -> None:
    """Approve a version, if its gates pass."""
    from tasks.registry.promote import promote_version

    decision = promote_version(home(), version, approver)
    print(gates(decision["gates"]))
    print(f"version {decision['version']} is release {decision['sequence']}")


@models.command("rollback")
def roll_back(
    approver: Approver,
    in_force: Annotated[
        int | None,
        typer.Option(
            "--from",
            metavar="SEQUENCE",
            help="the release to go back from; refused if another is in force, so that a "
            "repeated command goes back once",
        ),
    ] = None,
) -> None:
    """Approve the previous champion again."""
    from tasks.registry.rollback import rollback

    approval = rollback(home(), approver, in_force)
    went_from, went_to = approval["went_from"], approval["went_to"]
    print(
        f"release {approval['sequence']}, approved by {approval['approver']}: a signed rollback "
        f"from release {went_from['sequence']} (bundle {went_from['bundle_hash'][:12]}) to the "
        f"bundle of release {went_to['sequence']} ({went_to['bundle_hash'][:12]})"
    )


def gates(rows: Iterable[Mapping[str, Any]]) -> str:
    return table(
        [("passed" if row["passed"] else "FAILED", row["gate"], row["reason"]) for row in rows]
    )


def shown(value: Any) -> str:
    if isinstance(value, list):
        return joined(value) or "-"
    return "-" if value is None else str(value)


def joined(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values)

"""What is registered and released, as plain values for the command line."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.errors import UserError
from models.approval import Approval
from tasks.registry.channel import DECISION, read_channel, read_decision
from tasks.registry.locations import artifacts, database, experiment_folder, files_of
from tasks.registry.register import CONTROLLER
from tasks.registry.tracking import exclusive, open_client
from tasks.registry.versions import (
    BUNDLE_HASH,
    DATASET,
    REFUSED_BY,
    VERDICT,
    aliases_of,
    all_versions,
    find_version,
    follow_channel,
    number_of,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


@contextmanager
def opened(home: Path) -> Iterator[tuple["MlflowClient", list[Approval]]]:
    """Give the registry and the channel, which the registry's aliases follow."""
    with exclusive(home):
        client, channel = open_client(home), read_channel(home)
        follow_channel(client, channel)
        yield client, channel


def list_models(home: Path) -> list[dict[str, Any]]:
    """Return one row a version, of every model: the controller first, then the experts."""
    if not database(home).exists():
        return []
    with opened(home) as (client, channel):
        models = [model.name for model in client.search_registered_models()]
        models.sort(key=lambda name: (name != CONTROLLER, name))
        return [one for model in models for one in rows(client, model, channel)]


def show(home: Path, version: str | int, model: str = CONTROLLER) -> dict[str, Any]:
    """Return everything about a version (a number or an alias): lineage, gates, figures, files.

    `decision` is the newest one; `release_decision` is what its newest release was signed on.

    Raises:
        UserError: there is no such version.
    """
    if not database(home).exists():
        raise UserError(f"{model} version {version}: nothing is registered in {home} yet")
    with opened(home) as (client, channel):
        found = find_version(client, version, model)
        short = next(
            one for one in rows(client, model, channel) if one["version"] == int(found.version)
        )
        run = client.get_run(found.run_id or "")
        folder = artifacts(home, model, found.run_id or "")
        newest = folder / DECISION
        behind = [one for one in channel if one.sequence in short["releases"]]
        return short | {
            "folder": str(folder),
            "files": sorted(files_of(folder)),
            "lineage": lineage(found),
            "parameters": dict(sorted(run.data.params.items())),
            "figures": dict(sorted(run.data.metrics.items())),
            "decision": json.loads(newest.read_text()) if newest.exists() else None,
            "release_decision": json.loads(read_decision(home, behind[-1])) if behind else None,
        }


def latest_decision(home: Path, bundle_hash: str) -> dict[str, Any] | None:
    """Return the newest decision about a bundle, passed or refused, as `plain`.

    Read from the files beside the database, so that a report of a run need not open that.
    """
    files = experiment_folder(home, CONTROLLER).glob(f"*/artifacts/{DECISION}")
    decisions = [json.loads(file.read_text()) for file in files]
    about = [one for one in decisions if one["bundle_hash"] == bundle_hash]
    return max(about, key=lambda one: one["decided_utc"], default=None)


def rows(client: "MlflowClient", model: str, channel: Sequence[Approval]) -> list[dict[str, Any]]:
    """Return the short form of a model's versions, by rising number.

    `verdict` is that of the version's release while it has one: a later decision, under other
    gates or against another champion, takes no release back. That one is `latest_verdict`.
    """
    versions = all_versions(client, model)
    names: dict[int, list[str]] = {}
    for alias, number in sorted(aliases_of(client, model).items()):
        names.setdefault(number, []).append(alias)
    released: dict[int | None, list[int]] = {}
    for approval in channel if model == CONTROLLER else ():
        released.setdefault(number_of(approval, versions), []).append(approval.sequence)
    return [
        {
            "model": model,
            "version": int(one.version),
            "aliases": names.get(int(one.version), []),
            "verdict": "passed" if int(one.version) in released else one.tags.get(VERDICT),
            "latest_verdict": one.tags.get(VERDICT),
            "refused_by": one.tags.get(REFUSED_BY) or None,  # the latest decision's failed gates
            "releases": released.get(int(one.version), []),
            "bundle_hash": one.tags.get(BUNDLE_HASH),
            "dataset": one.tags.get(DATASET),
            "registered_utc": time_utc(one),
        }
        for one in versions
    ]


def time_utc(version: "ModelVersion") -> str:
    made = datetime.fromtimestamp((version.creation_timestamp or 0) / 1e3, UTC)
    return made.strftime("%Y-%m-%dT%H:%M:%SZ")


def lineage(version: "ModelVersion") -> dict[str, str]:
    """Return name -> version of what went into a version."""
    prefixes = ("lineage.", "grasps.")
    found = {name: value for name, value in version.tags.items() if name.startswith(prefixes)}
    return {name.removeprefix("lineage."): found[name] for name in sorted(found)}

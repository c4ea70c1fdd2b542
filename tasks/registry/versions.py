"""Versions in the registry: what they carry, how to find them, and their aliases.

`challenger`, `champion` and `previous` are MLflow's view of the release channel, which is the
truth. A kill between a release and its aliases leaves them behind; the next command that looks
puts them right.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from configs.errors import UserError
from models.approval import Approval
from tasks.registry.channel import standing
from tasks.registry.register import CONTROLLER

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHALLENGER, CHAMPION, PREVIOUS = "challenger", "champion", "previous"
# Names of a controller version's artifacts and tags.
BUNDLE_FOLDER, EVALUATION, TERMS = "bundle", "evaluation.json", "terms"
BUNDLE_HASH, REPORT_HASH, DATASET, LAYOUT = "bundle_hash", "report_hash", "dataset", "layout"
TERMS_HASH, VERDICT, REFUSED_BY = "terms_hash", "verdict", "refused_by"  # of the newest decision


def all_versions(client: "MlflowClient", model: str = CONTROLLER) -> list["ModelVersion"]:
    """Return a model's versions, by rising number."""
    found = client.search_model_versions(f"name = '{model}'")
    return sorted(found, key=lambda one: int(one.version))


def find_version(
    client: "MlflowClient", version: str | int, model: str = CONTROLLER
) -> "ModelVersion":
    """Return a version by its number or by an alias.

    Raises:
        UserError: there is none.
    """
    known, wanted = all_versions(client, model), str(version)
    number = aliases_of(client, model).get(wanted, wanted)
    for one in known:
        if str(one.version) == str(number):
            return one
    numbers = ", ".join(str(one.version) for one in known) or "none"
    raise UserError(f"{model} version {wanted}: not registered; there is {numbers}")


def aliases_of(client: "MlflowClient", model: str = CONTROLLER) -> dict[str, int]:
    """Return alias -> version number; empty for a model that is not registered yet."""
    if not client.search_registered_models(f"name = '{model}'"):
        return {}
    aliases = client.get_registered_model(model).aliases
    return {name: int(number) for name, number in aliases.items()}


def follow_channel(client: "MlflowClient", channel: Sequence[Approval]) -> None:
    """Make the aliases say what the channel says; hold `exclusive`."""
    have = aliases_of(client)
    want = wanted(have, channel, all_versions(client))
    for alias in have.keys() - want.keys():
        client.delete_registered_model_alias(CONTROLLER, alias)
    for alias, version in want.items():
        if have.get(alias) != version:
            client.set_registered_model_alias(CONTROLLER, alias, str(version))


def wanted(
    have: dict[str, int], channel: Sequence[Approval], versions: Sequence["ModelVersion"]
) -> dict[str, int]:
    """Return alias -> version number; a challenger that was released is none any more."""
    ways = reversed([number_of(one, versions) for one in standing(channel)[-2:]])
    named = zip((CHAMPION, PREVIOUS), ways, strict=False)
    want = {alias: number for alias, number in named if number is not None}
    challenger = have.get(CHALLENGER)
    released = {number_of(approval, versions) for approval in channel}
    if challenger is not None and challenger not in released:
        want[CHALLENGER] = challenger
    return want


def challenge(client: "MlflowClient", channel: Sequence[Approval], version: int) -> None:
    """Make a version the challenger unless it was released already."""
    if version not in {number_of(approval, all_versions(client)) for approval in channel}:
        client.set_registered_model_alias(CONTROLLER, CHALLENGER, str(version))


def version_of(approval: Approval, versions: Sequence["ModelVersion"]) -> "ModelVersion | None":
    """Return the registered version that an approval is about, None if the registry lost it."""
    for version in versions:
        tags = version.tags
        key = (tags.get(BUNDLE_HASH), tags.get(REPORT_HASH))
        if key == (approval.bundle_hash, approval.report_hash):
            return version
    return None


def number_of(approval: Approval, versions: Sequence["ModelVersion"]) -> int | None:
    version = version_of(approval, versions)
    return None if version is None else int(version.version)

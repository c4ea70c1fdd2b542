"""Versions in the registry: what they carry, and how to find them."""

from typing import TYPE_CHECKING

from tasks.registry.errors import RegistryError
from tasks.registry.register import CONTROLLER

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

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
        RegistryError: there is none.
    """
    known = all_versions(client, model)
    wanted = str(version)
    for one in known:
        if wanted == str(one.version):
            return one
    aliases = aliases_of(client, model)
    for one in known:
        if aliases.get(wanted) == int(one.version):
            return one
    numbers = ", ".join(str(one.version) for one in known) or "none"
    raise RegistryError(f"{model} version {wanted}: not registered; there is {numbers}")


def aliases_of(client: "MlflowClient", model: str = CONTROLLER) -> dict[str, int]:
    """Return alias -> version number; empty for a model that is not registered yet."""
    if not client.search_registered_models(f"name = '{model}'"):
        return {}
    aliases = client.get_registered_model(model).aliases
    return {name: int(number) for name, number in aliases.items()}

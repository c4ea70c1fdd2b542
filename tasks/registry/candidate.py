"""A registered version, read back and verified: what a decision is about."""

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from configs.load import validate
from configs.schema.promote import Promote
from models.bundle import Bundle, open_bundle
from tasks.registry.register import CONTROLLER
from tasks.registry.tracking import RegistryError, artifacts
from tasks.registry.versions import (
    BUNDLE_FOLDER,
    BUNDLE_HASH,
    DATASET,
    EVALUATION,
    LAYOUT,
    REPORT_HASH,
    TERMS,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Candidate:
    """A version with its evidence; its files are the registry's own copy."""

    version: int
    run: str
    bundle: Bundle
    evaluation: dict[str, Any]
    report_hash: str  # sha256 of evaluation.json
    dataset: str
    layout: str
    terms: Promote  # the gates that it was registered under


def candidate_of(client: "MlflowClient", version: "ModelVersion") -> Candidate:
    """Read a version of the controller and verify that it is what was registered.

    Raises:
        BundleError: a file of the bundle is not what it was.
        RegistryError: the report is not what it was.
    """
    folder = artifacts(client.get_run(version.run_id or ""))
    bundle = open_bundle(folder / BUNDLE_FOLDER, None, expected=version.tags[BUNDLE_HASH])
    terms = json.loads((folder / TERMS).read_text())
    return Candidate(
        version=int(version.version),
        run=version.run_id or "",
        bundle=bundle,
        evaluation=read_evaluation(client, version),
        report_hash=version.tags[REPORT_HASH],
        dataset=version.tags[DATASET],
        layout=version.tags[LAYOUT],
        terms=validate(Promote, terms, f"gates of {CONTROLLER} version {version.version}"),
    )


def read_evaluation(client: "MlflowClient", version: "ModelVersion") -> dict[str, Any]:
    """Return the evaluation of a version, verified against the hash it was registered with."""
    file = artifacts(client.get_run(version.run_id or "")) / EVALUATION
    content = file.read_bytes() if file.exists() else b""
    if hashlib.sha256(content).hexdigest() != version.tags[REPORT_HASH]:
        raise RegistryError(
            f"{file}: is not the report that version {version.version} was registered with; "
            "restore it or evaluate again"
        )
    return json.loads(content)

"""A registered version, read back and verified: what a decision is about."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.bundle import Bundle, open_bundle
from tasks.registry.errors import RegistryError
from tasks.registry.locations import artifacts, experiment_folder
from tasks.registry.register import CONTROLLER
from tasks.registry.terms import Terms, read_terms
from tasks.registry.versions import (
    BUNDLE_FOLDER,
    BUNDLE_HASH,
    DATASET,
    EVALUATION,
    LAYOUT,
    REPORT_HASH,
)

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Candidate:
    """A version with its evidence; its files are the registry's own copy."""

    version: int
    folder: Path  # of its artifacts
    bundle: Bundle
    evaluation: dict[str, Any]
    report_hash: str  # sha256 of evaluation.json
    dataset: str
    layout: str
    terms: Terms


def candidate_of(home: Path, version: "ModelVersion") -> Candidate:
    """Read a version of the controller and verify that it is what was registered.

    Raises:
        BundleError: a file of the bundle is not what it was.
        RegistryError: the report or the gates are not what they were.
    """
    folder = artifacts(home, version.name, version.run_id or "")
    return Candidate(
        version=int(version.version),
        folder=folder,
        bundle=open_bundle(folder / BUNDLE_FOLDER, None, expected=version.tags[BUNDLE_HASH]),
        evaluation=read_evaluation(home, version),
        report_hash=version.tags[REPORT_HASH],
        dataset=version.tags[DATASET],
        layout=version.tags[LAYOUT],
        terms=read_terms(home, version),
    )


def read_evaluation(home: Path, version: "ModelVersion") -> dict[str, Any]:
    """Return the evaluation of a version, verified against the hash it was registered with."""
    file = artifacts(home, version.name, version.run_id or "") / EVALUATION
    content = file.read_bytes() if file.exists() else b""
    if hashlib.sha256(content).hexdigest() != version.tags[REPORT_HASH]:
        raise RegistryError(
            f"{file}: is not the report that version {version.version} was registered with; "
            "restore it or evaluate again"
        )
    return json.loads(content)


def kept_evaluation(home: Path, report_hash: str) -> dict[str, Any] | None:
    """Return the evaluation of this hash among the registry's files, whatever the database says."""
    for file in sorted(experiment_folder(home, CONTROLLER).glob(f"*/artifacts/{EVALUATION}")):
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() == report_hash:
            return json.loads(content)
    return None

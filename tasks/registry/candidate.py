"""A registered version, read back and verified: what a decision is about, and on what terms.

The terms are the gates and the export's figures that they look at. They are kept by the hash of
their content, so a rerun under other gates adds a file and then moves one tag: a version's terms
are always whole, and always the newest.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.errors import UserError
from configs.files import write
from configs.load import plain, validate
from configs.schema.promote import Promote
from models.bundle import Bundle, open_bundle
from tasks.registry.locations import artifacts, experiment_folder
from tasks.registry.register import CONTROLLER
from tasks.registry.versions import (
    BUNDLE_FOLDER,
    BUNDLE_HASH,
    DATASET,
    EVALUATION,
    LAYOUT,
    REPORT_HASH,
    TERMS,
    TERMS_HASH,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Terms:
    promote: Promote
    export: Mapping[str, float]  # what the export step recorded
    hash: str  # sha256 of the file


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
        UserError: the report or the gates are not what they were.
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
        raise UserError(
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


def keep_terms(
    client: "MlflowClient",
    home: Path,
    version: "ModelVersion",
    promote: Promote,
    export: Mapping[str, float],
) -> "ModelVersion":
    """Make these the terms of a version and return it as it is then; hold `exclusive`."""
    content = {"promote": plain(promote), "export": dict(export)}
    encoded = (json.dumps(content, indent=1) + "\n").encode()  # the gates keep their order
    digest = hashlib.sha256(encoded).hexdigest()
    file = terms_file(home, version, digest)
    if not file.exists() or file.read_bytes() != encoded:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, encoded)
    client.set_model_version_tag(version.name, str(version.version), TERMS_HASH, digest)
    return client.get_model_version(version.name, str(version.version))


def read_terms(home: Path, version: "ModelVersion") -> Terms:
    """Return the newest terms of a version.

    Raises:
        UserError: there are none, or the file is not what it was.
    """
    digest = version.tags.get(TERMS_HASH)
    if digest is None:
        raise UserError(
            f"{version.name} version {version.version}: has no gates yet; run the pipeline again"
        )
    file = terms_file(home, version, digest)
    encoded = file.read_bytes() if file.exists() else b""
    if hashlib.sha256(encoded).hexdigest() != digest:
        raise UserError(
            f"{file}: is not what version {version.version} was judged by; restore it or run the "
            "pipeline again"
        )
    content = json.loads(encoded)
    name = f"gates of {version.name} version {version.version}"
    return Terms(validate(Promote, content["promote"], name), content["export"], digest)


def terms_file(home: Path, version: "ModelVersion", digest: str) -> Path:
    return artifacts(home, version.name, version.run_id or "") / TERMS / f"{digest}.json"

"""The terms of a version: the gates it is judged by and the export's figures that they look at.

Kept by the hash of their content, so a rerun under other gates adds a file and then moves one tag:
a version's terms are always whole, and always the newest.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from configs.files import write
from configs.load import plain, validate
from configs.schema.promote import Promote
from tasks.registry.errors import RegistryError
from tasks.registry.locations import artifacts
from tasks.registry.versions import TERMS, TERMS_HASH

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Terms:
    promote: Promote
    export: Mapping[str, float]  # what the export step recorded
    hash: str  # sha256 of the file


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
        RegistryError: there are none, or the file is not what it was.
    """
    digest = version.tags.get(TERMS_HASH)
    if digest is None:
        raise RegistryError(
            f"{version.name} version {version.version}: has no gates yet; run the pipeline again"
        )
    file = terms_file(home, version, digest)
    encoded = file.read_bytes() if file.exists() else b""
    if hashlib.sha256(encoded).hexdigest() != digest:
        raise RegistryError(
            f"{file}: is not what version {version.version} was judged by; restore it or run the "
            "pipeline again"
        )
    content = json.loads(encoded)
    name = f"gates of {version.name} version {version.version}"
    return Terms(validate(Promote, content["promote"], name), content["export"], digest)


def terms_file(home: Path, version: "ModelVersion", digest: str) -> Path:
    return artifacts(home, version.name, version.run_id or "") / TERMS / f"{digest}.json"

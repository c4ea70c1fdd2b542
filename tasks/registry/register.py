"""Registration: a model version with its files, figures and lineage, once an identity."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.registry.decide import leaves, number
from tasks.registry.locations import files_of
from tasks.registry.tracking import IDENTITY, Metric, exclusive, log_run, open_client

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CONTROLLER = "controller"  # the model that robots run
EXPERT = "expert-"  # prefix of an expert's model name; the style follows


@dataclass(frozen=True)
class Registration:
    """One version of one model: what it is made of and what made it."""

    model: str
    identity: str  # equal identities are one version
    files: Mapping[str, Path]  # artifact path -> file
    source: str  # the artifact folder that is the model itself
    metrics: Sequence[Metric]
    params: Mapping[str, str]
    tags: Mapping[str, str]


def register(client: "MlflowClient", home: Path, made: Registration) -> "ModelVersion":
    """Return the version of a registration, made if it is not there; hold `exclusive`.

    The version's source is a folder of files; nothing of it is pickled or needs code to open.
    """
    run = log_run(
        client,
        home,
        made.model,
        f"{made.model}-{made.identity[:12]}",
        made.identity,
        files=made.files,
        metrics=made.metrics,
        params=made.params,
        tags=made.tags,
    )
    known = versions_of_run(client, run.info.run_id)
    if known:
        return known[0]
    if not client.search_registered_models(f"name = '{made.model}'"):
        client.create_registered_model(made.model)
    return client.create_model_version(
        made.model,
        source=f"{run.info.artifact_uri}/{made.source}",
        run_id=run.info.run_id,
        tags={**made.tags, IDENTITY: made.identity},
        await_creation_for=0,  # the embedded registry has it at once
    )


def versions_of_run(client: "MlflowClient", run: str) -> list["ModelVersion"]:
    return list(client.search_model_versions(f"run_id = '{run}'"))


def register_expert(
    home: Path,
    style: str,
    policy: Path,
    *,
    identity: str,
    grasps: Mapping[str, str],
    figures: Mapping[str, Any],
    lineage: Mapping[str, str],
    metrics: Sequence[Metric] = (),
) -> int:
    """Register an expert as model `expert-<style>` and return its version number.

    Args:
        policy: folder with the policy's files; copied whole.
        identity: the artifact's version; registering it again changes nothing.
        grasps: object -> version of the grasp set that the expert was trained on.
        figures: nested figures of the expert, e.g. hold [s] and goals a minute.
        lineage: what else made it: name -> version or digest.
    """
    tags = {f"grasps.{name}": version for name, version in grasps.items()}
    tags |= {f"lineage.{name}": value for name, value in lineage.items()}
    made = Registration(
        model=f"{EXPERT}{style}",
        identity=identity,
        files=files_of(policy, "policy/"),
        source="policy",
        metrics=[*metrics, *figure_metrics(figures)],
        params={"style": style},
        tags={"style": style, **tags},
    )
    with exclusive(home):
        return int(register(open_client(home), home, made).version)


def figure_metrics(figures: Mapping[str, Any], prefix: str = "") -> list[Metric]:
    """Flatten nested figures into metrics with dotted names; what is no finite number is left to
    the artifact, which holds it as it is."""
    found = ((path, number(leaf)) for path, leaf in leaves(figures, prefix))
    return [Metric(path, value) for path, value in found if value is not None]


def digest_of(*parts: str) -> str:
    """Return the sha256 of an ordered list of words."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

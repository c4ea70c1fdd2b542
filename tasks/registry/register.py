"""Registration: a model version with its files, figures and lineage, once an identity.

Everything is idempotent by an identity tag: a process that was killed anywhere and runs again
finds its run, completes it, and doubles nothing.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.registry.decide import leaves, number
from tasks.registry.locations import SERVED, artifacts

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

CONTROLLER = "controller"  # the model that robots run
IDENTITY = "identity"  # the tag that makes a run findable
BATCH = 900  # figures in one log_batch; MLflow takes 1000

Metric = Mapping[str, Any]  # name, value, step (or None), as a step records them


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
    run = finished_run(client, home, made)
    known = client.search_model_versions(f"run_id = '{run.info.run_id}'")
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


def finished_run(client: "MlflowClient", home: Path, made: Registration) -> "Run":
    """Return the run of a registration, writing what of it is not there yet."""
    known = client.get_experiment_by_name(made.model)
    experiment = (
        client.create_experiment(made.model, artifact_location=f"{SERVED}{made.model}")
        if known is None
        else known.experiment_id
    )
    runs = client.search_runs([experiment], f"tags.{IDENTITY} = '{made.identity}'", max_results=1)
    run = runs[0] if runs else None
    if run is None:
        run = client.create_run(
            experiment,
            tags={**made.tags, IDENTITY: made.identity, "mlflow.source.name": "dexgen"},
            run_name=f"{made.model}-{made.identity[:12]}",
        )
    if run.info.status == "FINISHED":
        return run
    log_files(artifacts(home, made.model, run.info.run_id), made.files)
    log_figures(client, run, made.metrics, made.params)
    client.set_terminated(run.info.run_id, "FINISHED")
    return client.get_run(run.info.run_id)


def log_figures(
    client: "MlflowClient", run: "Run", metrics: Sequence[Metric], params: Mapping[str, str]
) -> None:
    """Write metrics and parameters; the run's own start is their time, so a rerun adds none."""
    from mlflow.entities import Metric as Row
    from mlflow.entities import Param

    time = run.info.start_time
    rows = [Row(one["name"], one["value"], time, one["step"] or 0) for one in metrics]
    for start in range(0, len(rows), BATCH):
        client.log_batch(run.info.run_id, metrics=rows[start : start + BATCH])
    parameters = [Param(name, value) for name, value in params.items()]
    client.log_batch(run.info.run_id, params=parameters)


def log_files(folder: Path, files: Mapping[str, Path]) -> None:
    """Copy files to the artifacts of a run that is not finished; hold `exclusive`.

    Only bytes are copied: the store's files are read-only, and a copy that kept that could not be
    written again after a kill.
    """
    shutil.rmtree(folder, ignore_errors=True)  # what a kill left
    for name, file in files.items():
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def figure_metrics(figures: Mapping[str, Any], prefix: str = "") -> list[Metric]:
    """Flatten nested figures into metrics with dotted names; what is no finite number is left to
    the artifact, which holds it as it is."""
    found = ((path, number(leaf)) for path, leaf in leaves(figures, prefix))
    return [{"name": path, "value": x, "step": None} for path, x in found if x is not None]

"""MLflow, embedded: a SQLite database and a folder of artifacts under the state folder.

Everything is idempotent by an identity tag: a process that was killed anywhere and runs again
finds its run, completes it, and doubles nothing.
"""

import logging
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from tasks.registry.locations import SERVED, RegistryError, artifacts, database

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

IDENTITY = "identity"  # the tag that makes a run findable
BATCH = 900  # figures in one log_batch; MLflow takes 1000
HEADER = b"SQLite format 3\0"  # of every SQLite database
REMEDY = "move it away and run `dexgen run`, which registers the models anew from the store"


@dataclass(frozen=True)
class Metric:
    name: str
    value: float
    step: int = 0


@contextmanager
def exclusive(home: Path) -> Iterator[None]:
    """Let one process at a time change the registry; the kernel frees it however we end."""
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "registry.lock"):
        yield


def open_client(home: Path) -> "MlflowClient":
    """Return a client of the embedded registry, made on first use; hold `exclusive` for that.

    MLflow makes a new database in many steps, for seconds, and cannot go on from the middle. So it
    makes it under another name, which becomes the database's own when everything is there.

    Raises:
        RegistryError: the database cannot be used: damaged, or of another version of MLflow.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    file = database(home)
    for left in home.glob(f".{file.name}.*"):  # by a kill
        left.unlink()
    with quiet():
        if not file.exists():
            unfinished = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
            client_of(unfinished)
            os.replace(unfinished, file)
        return client_of(file)


def client_of(file: Path) -> "MlflowClient":
    """Return a client of a database, which is complete or not there."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    with suppress(FileNotFoundError), file.open("rb") as stream:
        if stream.read(len(HEADER)) != HEADER:  # MLflow tries such a file for minutes
            raise RegistryError(f"{file}: is damaged (no database); {REMEDY}")
    uri = f"sqlite:///{file.absolute()}"
    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError) as error:
        said = " ".join(str(error).split())
        raise RegistryError(f"{file}: MLflow cannot use it ({said:.200}); {REMEDY}") from None
    return client


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the talk of MLflow's and Alembic's start; warnings and errors still come through.

    Alembic's own configuration file resets its logger's level, so the level cannot be set there.
    """
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)


def find_run(client: "MlflowClient", experiment: str, identity: str) -> "Run | None":
    known = client.get_experiment_by_name(experiment)
    if known is None:
        return None
    text = f"tags.{IDENTITY} = '{identity}'"
    runs = client.search_runs([known.experiment_id], text, max_results=1)
    return runs[0] if runs else None


def log_run(
    client: "MlflowClient",
    home: Path,
    experiment: str,
    name: str,
    identity: str,
    *,
    files: Mapping[str, Path],
    metrics: Sequence[Metric],
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> "Run":
    """Return the finished run of an identity, writing what of it is not there yet.

    Args:
        files: artifact path -> file to copy.
    """
    run = find_run(client, experiment, identity)
    if run is None:
        run = client.create_run(
            experiment_of(client, experiment),
            tags={**tags, IDENTITY: identity, "mlflow.source.name": "dexgen"},
            run_name=name,
        )
    if run.info.status == "FINISHED":
        return run
    log_files(artifacts(home, experiment, run.info.run_id), files)
    log_figures(client, run, metrics, params)
    client.set_terminated(run.info.run_id, "FINISHED")
    return client.get_run(run.info.run_id)


def experiment_of(client: "MlflowClient", name: str) -> str:
    known = client.get_experiment_by_name(name)
    if known is not None:
        return known.experiment_id
    return client.create_experiment(name, artifact_location=f"{SERVED}{name}")


def log_figures(
    client: "MlflowClient", run: "Run", metrics: Sequence[Metric], params: Mapping[str, str]
) -> None:
    """Write metrics and parameters; the run's own start is their time, so a rerun adds none."""
    from mlflow.entities import Metric as Row
    from mlflow.entities import Param

    rows = [Row(one.name, one.value, run.info.start_time, one.step) for one in metrics]
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

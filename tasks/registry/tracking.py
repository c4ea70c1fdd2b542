"""MLflow, embedded: a SQLite database and a folder of artifacts under the state folder."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from configs.errors import UserError
from configs.files import replacing
from tasks.registry.locations import database

if TYPE_CHECKING:
    from mlflow import MlflowClient

HEADER = b"SQLite format 3\0"  # of every SQLite database
REMEDY = "move it away and run `dexgen run`, which registers the models anew from the store"


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
        UserError: the database cannot be used: damaged, or of another version of MLflow.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    file = database(home)
    for left in home.glob(f".{file.name}.*-journal"):  # by a kill, beside what `replacing` removes
        left.unlink()
    with quiet():
        if not file.exists():
            with replacing(file) as unfinished:
                client_of(unfinished)
        return client_of(file)


def client_of(file: Path) -> "MlflowClient":
    """Return a client of a database, which is complete or not there."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    with suppress(FileNotFoundError), file.open("rb") as stream:
        if stream.read(len(HEADER)) != HEADER:  # MLflow tries such a file for minutes
            raise UserError(f"{file}: is damaged (no database); {REMEDY}")
    uri = f"sqlite:///{file.absolute()}"
    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{file}: MLflow cannot use it ({said:.200}); {REMEDY}") from None
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

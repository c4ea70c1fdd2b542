"""The registry's tables: complete or not there, whenever the process that makes them is killed.

MLflow migrates a new database step by step, for seconds, and cannot go on from the middle. So it
does that under another name, which becomes the database's own when everything is there.
"""

import os
import sqlite3
from collections.abc import Set
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tasks.registry.errors import RegistryError
from tasks.registry.locations import database
from tasks.store.objects import sync_folder

COMPANIONS = ("-journal", "-wal", "-shm")  # what SQLite keeps beside a database
TIMEOUT_S = 20.0  # for another process's transaction, as MLflow waits
REVISIONS = "alembic_version"  # table with the newest migration that was done
REMEDY = "move it away and run `dexgen run`, which registers the models anew from the store"


@dataclass(frozen=True)
class Tables:
    names: Set[str]
    revision: str | None  # None: no migration was finished


def make_tables(home: Path) -> None:
    """Make the database, or see that the one that is there can be used; hold `exclusive`.

    Raises:
        RegistryError: what is there is damaged, not completely migrated or another MLflow's.
    """
    file = database(home)
    unfinished = file.with_name(f".{file.name}.unfinished")
    remove(unfinished)  # what a kill left
    if file.exists():
        found = read_tables(file)
        if found.names:
            require_complete(file, found)
            return
    home.mkdir(parents=True, exist_ok=True)
    migrate(unfinished)
    with unfinished.open("rb") as stream:
        os.fsync(stream.fileno())
    remove_companions(file)  # of a database that was moved away: SQLite would apply them to ours
    os.replace(unfinished, file)
    sync_folder(home)


def read_tables(file: Path) -> Tables:
    """Return what tables a database has.

    Raises:
        RegistryError: it is damaged, or cannot be read now.
    """
    try:
        with closing(sqlite3.connect(file, timeout=TIMEOUT_S)) as tables:
            (state,) = tables.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise sqlite3.DatabaseError(state)
            rows = tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            names = {name for (name,) in rows}
            done = []
            if REVISIONS in names:
                done = tables.execute(f"SELECT version_num FROM {REVISIONS}").fetchall()
    except sqlite3.OperationalError as error:
        raise RegistryError(
            f"{file}: cannot be opened ({one_line(error)}); see that it is a file that you may "
            "read and write, and that no other program holds it"
        ) from None
    except sqlite3.DatabaseError as error:
        raise RegistryError(f"{file}: is damaged ({one_line(error)}); {REMEDY}") from None
    return Tables(names, done[0][0] if done else None)


def require_complete(file: Path, found: Tables) -> None:
    """Refuse a database that MLflow would try, and fail, to complete in place."""
    from mlflow.store.db import utils  # its engine and migrations have no public names
    from mlflow.store.db.base_sql_model import Base

    newest = utils._get_latest_schema_revision()
    if found.revision != newest or not Base.metadata.tables.keys() <= found.names:
        raise RegistryError(
            f"{file}: its tables are not complete (migration {found.revision or 'none'}, expected "
            f"{newest}): MLflow was killed while it made them, or another version of it did; "
            f"{REMEDY}"
        )


def migrate(file: Path) -> None:
    """Make every table in a file that is not there, and close it."""
    from mlflow.store.db import utils

    engine = utils.create_sqlalchemy_engine(f"sqlite:///{file.absolute()}")
    try:
        utils._initialize_tables(engine)
        utils._verify_schema(engine)
    finally:
        engine.dispose()


def remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    remove_companions(file)


def remove_companions(file: Path) -> None:
    for suffix in COMPANIONS:
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def one_line(error: Exception) -> str:
    return f"{' '.join(str(error).split()):.200}"

"""Where artifacts lie: always below the state folder that is open, whatever the database says.

MLflow stores absolute paths. A state folder that was moved or copied would read and write the old
one by them, so nothing here trusts a stored path; it is kept right for MLflow's own pages only.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

FOLDER = "mlartifacts"  # below the state folder
DEFAULT = "Default"  # the experiment that MLflow makes by itself


def database(home: Path) -> Path:
    return home / "mlflow.db"


def experiment_folder(home: Path, experiment: str) -> Path:
    return home.absolute() / FOLDER / experiment


def artifacts(home: Path, experiment: str, run: str) -> Path:
    """Return the folder of a run's artifacts; an experiment has the name of its model."""
    return experiment_folder(home, experiment) / run / "artifacts"


def files_of(folder: Path, prefix: str = "") -> dict[str, Path]:
    """Return artifact path -> file for every file below a folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{prefix}{path.relative_to(folder).as_posix()}": path for path in found}


def point_here(home: Path) -> None:
    """Make the paths in MLflow's tables those of this state folder; hold `exclusive`.

    MLflow has no call for that. It also keeps its Default experiment in ./mlruns, wherever the
    process runs. Experiments that keep their artifacts elsewhere on purpose are left alone.
    """
    with closing(sqlite3.connect(database(home))) as tables, tables:
        ours = tables.execute(
            "SELECT experiment_id, name, artifact_location FROM experiments "
            f"WHERE name = '{DEFAULT}' OR artifact_location LIKE '%/{FOLDER}/' || name"
        ).fetchall()
        for experiment, name, location in ours:
            if location != str(experiment_folder(home, name)):
                _move_experiment(tables, home, experiment, name)


def _move_experiment(tables: sqlite3.Connection, home: Path, experiment: int, name: str) -> None:
    tables.execute(
        "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?",
        (str(experiment_folder(home, name)), experiment),
    )
    runs = tables.execute("SELECT run_uuid FROM runs WHERE experiment_id = ?", (experiment,))
    for (run,) in runs.fetchall():
        folder = artifacts(home, name, run)
        tables.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (str(folder), run))
        versions = tables.execute(
            "SELECT name, version, source FROM model_versions WHERE run_id = ?", (run,)
        )
        for model, version, source in versions.fetchall():
            moved = str(folder / Path(source).name)
            tables.execute(
                "UPDATE model_versions SET source = ?, storage_location = ? "
                "WHERE name = ? AND version = ?",
                (moved, moved, model, version),
            )

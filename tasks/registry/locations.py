"""Where artifacts lie: always below the state folder that is open.

MLflow stores the addresses that `mlflow server` serves, which name no folder: so a state folder
may be moved or copied, and nothing here reads a stored address.
"""

from pathlib import Path

FOLDER = "mlartifacts"  # below the state folder
SERVED = "mlflow-artifacts:/"  # what the server's --artifacts-destination stands for


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

"""A state folder that was moved or copied is whole, and leaves the old one alone."""

import os
import shutil
from pathlib import Path

import pytest

from tasks.registry.channel import read_channel
from tasks.registry.listing import list_models, show
from tasks.registry.promote import promote, promote_version
from tasks.registry.rollback import rollback
from tasks.registry.settle import PromotionRefused
from tasks.registry.tracking import open_client
from tests.tasks.registry.workshop import Workshop


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def addresses(home: Path) -> list[str]:
    """Return what MLflow's own pages ask the server for, which names no folder of this machine."""
    client = open_client(home)
    experiments = [one for one in client.search_experiments() if one.name != "Default"]
    runs = client.search_runs([one.experiment_id for one in experiments])
    versions = client.search_model_versions()
    found = [one.artifact_location for one in experiments]
    found += [run.info.artifact_uri or "" for run in runs]
    return found + [one.source or "" for one in versions]


def use_everything(workshop: Workshop) -> None:
    """Go through every command that reads or writes artifacts."""
    home = workshop.home
    assert show(home, "champion")["folder"].startswith(f"{home}/")
    assert show(home, 1)["decision"]["verdict"] == "passed"
    assert promote_version(home, 1, "somebody")["sequence"] == 3
    assert rollback(home, "somebody")["sequence"] == 4
    promote(workshop.step(), workshop.inputs(3.0, 9.0), workshop.context("promote-3"))
    with pytest.raises(PromotionRefused):
        promote(workshop.step(), workshop.inputs(4.0, 1.0), workshop.context("promote-4"))
    rows = [row for row in list_models(home) if row["model"] == "controller"]
    assert [row["verdict"] for row in rows] == ["passed", "passed", "passed", "refused"]
    assert len(read_channel(home)) == 5
    assert all(address.startswith("mlflow-artifacts:/") for address in addresses(home))
    for row in list_models(home):
        for file in show(home, row["version"], row["model"])["files"]:
            assert (Path(show(home, row["version"], row["model"])["folder"]) / file).is_file()


@pytest.mark.parametrize("way", ["copied", "moved"])
def test_it_is_used_elsewhere_and_the_old_place_is_left_alone(
    used: Workshop, tmp_path: Path, way: str
) -> None:
    before = contents(used.home) if way == "copied" else {}
    there = Workshop(tmp_path / "elsewhere" / "home", used.configs)
    (shutil.copytree if way == "copied" else shutil.move)(used.home, there.home)
    use_everything(there)
    assert contents(used.home) == before


def test_a_run_that_a_kill_left_is_finished_in_the_copy(workshop: Workshop, tmp_path: Path) -> None:
    """The worst place: the run exists with its stored path, its files do not."""
    client = open_client(workshop.home)
    home = workshop.home
    promote(workshop.step(), workshop.inputs(1.0, 6.0), workshop.context("promote-1"))
    run = client.search_model_versions("name='controller'")[0].run_id or ""
    client.update_run(run, status="RUNNING")
    before = contents(home)
    copy = Workshop(tmp_path / "copy", workshop.configs)
    shutil.copytree(home, copy.home)
    shutil.rmtree(copy.home / "mlartifacts")
    promote(copy.step(), copy.inputs(1.0, 6.0), copy.context("promote-1"))
    assert "evaluation.json" in show(copy.home, 1)["files"]
    assert (copy.home / "mlartifacts" / "controller" / run / "artifacts" / "bundle").is_dir()
    assert contents(home) == before


def test_nothing_is_kept_where_the_process_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    open_client(tmp_path / "home")
    assert os.listdir(work) == []

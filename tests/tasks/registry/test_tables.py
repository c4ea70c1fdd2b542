"""A database is complete or not there; one that is neither is refused in one line."""

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from configs.errors import UserError
from tasks.registry.channel import read_channel, release_stands
from tasks.registry.listing import list_models
from tasks.registry.locations import database
from tasks.registry.promote import promote
from tasks.registry.rollback import rollback
from tasks.registry.tracking import exclusive, open_client
from tests.tasks.registry.workshop import Calls, Workshop, at_once, killed


def use(home: Path, model: str = "some") -> list[str]:
    """Open the registry, write to it, and return the models that it has."""
    with exclusive(home):
        client = open_client(home)
        if not client.search_registered_models(f"name = '{model}'"):
            client.create_registered_model(model)
        return sorted(one.name for one in client.search_registered_models())


def test_killed_while_it_is_made(tmp_path: Path) -> None:
    migrating = Calls(lambda code: code.co_name == "upgrade", 30)  # MLflow's
    assert killed(lambda: use(tmp_path), migrating)
    assert not database(tmp_path).exists()
    assert use(tmp_path) == ["some"]
    assert sorted(os.listdir(tmp_path)) == ["mlflow.db", "registry.lock"]


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    assert at_once(*(partial(use, tmp_path, name) for name in ("one", "other"))) == [0, 0]
    assert use(tmp_path) == ["one", "other", "some"]


def one_line(work: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_damaged_database_is_one_line(workshop: Workshop) -> None:
    file = database(workshop.home)
    whole = file.read_bytes()
    torn = whole[:50_000] + os.urandom(100_000) + whole[150_000:]
    for content in (b"not a database, " * 100, b"", torn):
        file.write_bytes(content)
        text = one_line(lambda: list_models(workshop.home))
        assert text.startswith(f"{file}: ")
        assert text.endswith(
            "move it away and run `dexgen run`, which registers the models anew from the store"
        )
        assert file.read_bytes() == content


def test_after_a_lost_database_the_models_are_registered_anew(
    workshop: Workshop, tmp_path: Path
) -> None:
    """The remedy that is named: the second controller was compared with the first."""
    first = workshop.inputs(1.0, 6.0)
    promote(workshop.step(), first, workshop.context("promote-1"))
    second = workshop.inputs(2.0, 7.0)
    made = promote(workshop.step(), second, workshop.context("promote-2"))
    artifact = workshop.context("look").open(made)
    assert release_stands(workshop.home, artifact)
    after = Workshop(tmp_path / "after", workshop.configs)
    shutil.copytree(workshop.home, after.home, ignore=lambda *_: {"mlflow.db"})
    assert not release_stands(after.home, artifact)  # so the step is done again
    promote(after.step(), second, after.context("promote-2"))
    promote(after.step(), first, after.context("promote-1"))
    assert read_channel(after.home) == read_channel(workshop.home)
    rows = [row for row in list_models(after.home) if row["model"] == "controller"]
    assert [(row["releases"], row["aliases"]) for row in rows] == [
        ([2], ["champion"]),
        ([1], ["previous"]),
    ]


def test_a_rollback_releases_nothing_beside_a_damaged_database(used: Workshop) -> None:
    database(used.home).write_bytes(b"not a database")
    assert "is damaged" in one_line(lambda: rollback(used.home, "somebody"))
    assert len(read_channel(used.home)) == 2

"""A home with an empty registry, made once and copied."""

from pathlib import Path

import pytest

from configs.load import load
from configs.schema.pipeline import Config
from tests.tasks.registry.workshop import Workshop


@pytest.fixture(scope="session")
def hands() -> dict[str, Config]:
    return {hand: load(Config, [f"hand={hand}"]) for hand in ("allegro", "trident")}


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with its tables made; making them takes seconds."""
    from tasks.registry.tracking import database, exclusive, open_client

    home = tmp_path_factory.mktemp("registry")
    with exclusive(home):
        open_client(home)
    return database(home)


@pytest.fixture
def workshop(tmp_path: Path, hands: dict[str, Config], empty_registry: Path) -> Workshop:
    home = tmp_path / "home"
    home.mkdir()
    (home / empty_registry.name).write_bytes(empty_registry.read_bytes())
    return Workshop(home, hands)


@pytest.fixture
def used(workshop: Workshop) -> Workshop:
    """Return a workshop with two releases."""
    for mark in (1.0, 2.0):
        workshop.run(mark, 7.0)
    return workshop

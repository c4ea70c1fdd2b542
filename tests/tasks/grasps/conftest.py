"""The two hands on which everything must work."""

import pytest

from configs.load import load
from configs.schema.pipeline import Config


@pytest.fixture(scope="session", params=["allegro", "trident"])
def config(request: pytest.FixtureRequest) -> Config:
    return load(Config, ["profile=smoke", f"hand={request.param}"])


@pytest.fixture(scope="session")
def allegro() -> Config:
    return load(Config, ["profile=smoke", "hand=allegro"])

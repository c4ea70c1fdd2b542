"""The two hands on which everything must work."""

from dataclasses import dataclass

import pytest

from configs.layout import Layout
from configs.load import load
from configs.schema.hand import Hand
from configs.schema.pipeline import Config
from models.kinematics import Kinematics


@dataclass(frozen=True)
class Body:
    hand: Hand
    layout: Layout
    kinematics: Kinematics
    config: Config


def _body(name: str) -> Body:
    config = load(Config, [f"hand={name}"])
    layout = config.embodiment.make_layout()
    return Body(config.hand, layout, Kinematics(config.hand), config)


@pytest.fixture(scope="session")
def bodies() -> dict[str, Body]:
    return {name: _body(name) for name in ("allegro", "trident")}


@pytest.fixture(params=["allegro", "trident"])
def body(request, bodies) -> Body:
    return bodies[request.param]

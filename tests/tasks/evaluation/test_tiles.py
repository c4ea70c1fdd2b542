"""Tiles of every kind of solid: closed, outward, at true size."""

import numpy as np
import pytest

from envs.shapes.objects import ObjectModel
from tasks.evaluation.tiles import tiles
from tests.envs.test_surfaces import SHAPES
from tests.envs.test_tools import SYRINGE
from tests.things import thing


@pytest.mark.parametrize("kind", SHAPES)
def test_tiles_enclose_the_solids_volume(kind: str) -> None:
    """By the divergence theorem: the sum of (corner . normal) area / 3 over flat tiles."""
    model = ObjectModel(thing(kind, **SHAPES[kind]))
    volume = 0.0
    for tile in tiles(model, 2.0):
        points = np.array(tile["points"])
        fans = np.cross(points[1:-1] - points[0], points[2:] - points[0])
        assert (fans @ np.array(tile["normal"]) > -1e-7).all()
        volume += float(points[0] @ fans.sum(axis=0)) / 6.0
        assert tile["dark"] in (0, 1)
    assert volume == pytest.approx(8.0 * model.pieces[0].solid.volume, rel=0.04)


def test_both_tones_show_on_every_kind() -> None:
    for kind, shape in SHAPES.items():
        tones = [tile["dark"] for tile in tiles(ObjectModel(thing(kind, **shape)), 1.0)]
        assert 0.2 < np.mean(tones) < 0.8, kind


def test_a_tools_pieces_stand_where_they_are() -> None:
    heights = np.array([tile["points"][0][2] for tile in tiles(ObjectModel(SYRINGE), 1.0)])
    assert heights.min() == pytest.approx(-0.03)
    assert heights.max() == pytest.approx(0.06)

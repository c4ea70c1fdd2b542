"""Squeezes by hand: two opposed contacts, three around a circle, and contacts on one side."""

import numpy as np
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.regrasps import Regrasps
from tasks.regrasps.balance import onto_simplex, share_out
from tasks.regrasps.proposals import holds


@pytest.fixture(scope="module")
def settings() -> Regrasps:
    return load(Config, ["profile=smoke"]).regrasps


def around(*degrees: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return contacts on a circle of 3 cm: points, outward normals [1, C, 3], and all active."""
    turn = np.radians(degrees)
    normal = np.stack([np.cos(turn), np.sin(turn), np.zeros(len(turn))], axis=1)[None]
    return 0.03 * normal, normal, np.ones((1, len(turn)), dtype=bool)


def test_two_opposed_contacts_share_equally(settings: Regrasps):
    squeeze = share_out(*around(0.0, 180.0), settings.balance)
    assert squeeze.share[0] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert squeeze.residual[0] == pytest.approx(0.0, abs=1e-6)
    assert squeeze.force[0, 0] == pytest.approx([-0.5, 0.0, 0.0], abs=1e-3)


def test_three_contacts_around_a_circle_share_equally(settings: Regrasps):
    squeeze = share_out(*around(0.0, 120.0, 240.0), settings.balance)
    assert squeeze.share[0] == pytest.approx(np.full(3, 1 / 3), abs=0.02)
    assert squeeze.residual[0] < 0.01


def test_a_wide_gripper_leans_on_friction_and_a_wider_one_slips(settings: Regrasps):
    """Two contacts hold while both lie within the other's cone: atan(0.4) is 22 degrees."""
    points, normals, active = around(0.0, 150.0, 0.0, 110.0)
    points, normals, active = (
        np.concatenate([a[:, :2], a[:, 2:]]) for a in (points, normals, active)
    )
    held = holds(share_out(points, normals, active, settings.balance), active, settings)
    assert held.tolist() == [True, False]


def test_contacts_on_one_side_do_not_hold(settings: Regrasps):
    points, normals, active = around(-30.0, 0.0, 30.0)
    squeeze = share_out(points, normals, active, settings.balance)
    assert squeeze.residual[0] > 0.5
    assert not holds(squeeze, active, settings)[0]


def test_a_finger_that_does_not_touch_takes_no_part(settings: Regrasps):
    points, normals, active = around(0.0, 120.0, 240.0, 60.0)
    active[0, 3] = False
    squeeze = share_out(points, normals, active, settings.balance)
    assert squeeze.share[0, 3] == 0.0
    assert holds(squeeze, active, settings)[0]


def test_the_simplex_is_met_and_points_on_it_stay():
    rng = np.random.default_rng(0)
    rows, usable = rng.normal(size=(50, 7)), rng.random((50, 7)) < 0.7
    usable[:, 0] = True
    found = onto_simplex(rows, usable)
    assert found.sum(axis=1) == pytest.approx(1.0)
    assert (found >= 0.0).all()
    assert (found[~usable] == 0.0).all()
    assert onto_simplex(found, usable) == pytest.approx(found)

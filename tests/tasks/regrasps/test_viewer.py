"""A way over the graph in a browser: served, stepped through, refused where there is none."""

from urllib.request import urlopen

import numpy as np
import pytest

from configs.errors import UserError
from tests.tasks.grasps.setting import make_context
from tests.tasks.regrasps.conftest import Grown

viser = pytest.importorskip("viser", reason="the extra `viewer` is not installed")


def test_a_way_is_served_and_the_object_ends_where_it_leads(grown: Grown):
    from tasks.regrasps.viewer import view

    item = make_context(grown.home, "look").open(grown.refs["objects/all"])
    scene = view(grown.step, item, grown.folder, "z", 10.0, "127.0.0.1", 0)
    try:
        with urlopen(f"http://127.0.0.1:{scene.port}", timeout=20) as answer:
            assert answer.status == 200
        pose = np.array([0.1, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
        scene.put(grown.problem.rest, pose)
        (thing,) = [scene.shapes[g] for g in np.flatnonzero(scene.posing.is_object)]
        assert np.asarray(thing.position) == pytest.approx(pose[:3], abs=1e-6)
    finally:
        scene.close()


def test_a_turn_that_the_graph_does_not_have_is_refused_with_a_remedy(grown: Grown):
    from tasks.regrasps.viewer import view

    item = make_context(grown.home, "look").open(grown.refs["objects/all"])
    with pytest.raises(UserError, match=r"no grasp of sphere leads to x=180; .*growth\.edges"):
        view(grown.step, item, grown.folder, "x", 180.0, "127.0.0.1", 0)

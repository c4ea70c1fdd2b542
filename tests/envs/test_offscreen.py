"""A film and stills of a hand, drawn without a screen, whichever hand it is."""

import numpy as np
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from envs.offscreen import film, lasting
from envs.scene import build_scene
from envs.shapes.objects import ObjectModel
from tests.things import thing


def model_of(hand="allegro"):
    config = load(Config, [f"hand={hand}"])
    ball = ObjectModel(thing("sphere", radius=0.03))
    return build_scene(
        config.hand, ball, config.physics, mass=0.1, scale=1.0, friction=1.0
    ).compile()


def filmed(file, hand="allegro", falls=None):
    model = model_of(hand)
    states = np.tile(model.qpos0, (8, 1))
    states[:, 0] += np.linspace(0, 1, 8)  # a GIF merges frames that are equal
    views = {"left": states, "right": states}
    return film(model, views, file, hz=20, fps=10, size=(64, 48), falls=falls)


def frames_of(file, **how):
    import imageio.v3 as imageio

    reason = filmed(file, **how)
    if reason is not None and "cannot render" in reason:
        pytest.skip(reason)
    assert reason is None
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    return imageio.imread(file, index=None) if file.suffix == ".gif" else imageio.imread(file)


@pytest.mark.parametrize(("name", "hand"), [("twin.mp4", "allegro"), ("twin.gif", "trident")])
def test_a_film_of_both_views(tmp_path, name, hand):
    frames = frames_of(tmp_path / "clips" / name, hand=hand)
    assert frames.shape[:3] == (4, 48, 128)  # 0.4 s at 10 frames a second
    assert frames.std() > 5  # there is something to see


def test_a_view_is_framed_in_red_after_a_fall(tmp_path):
    fell = np.array([0, 0, 0, 0, 1, 0, 0, 0])
    frames = frames_of(tmp_path / "fall.gif", falls={"right": fell})[..., :3].astype(int)
    redness = frames[:, 1:-1, [1, -2], 0] - frames[:, 1:-1, [1, -2], 1]  # left and right edge
    assert (redness.mean(axis=1)[2:, 1] > 100).all()
    assert (redness.mean(axis=1)[2:, 0] < 60).all()
    assert lasting(fell, 4).tolist() == [0, 0, 0, 0, 1, 1, 1, 0]


def test_a_machine_that_cannot_render_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "no_such_library")
    reason = filmed(tmp_path / "twin.mp4")
    assert "install libegl1" in reason
    assert "\n" not in reason
    assert list(tmp_path.iterdir()) == []

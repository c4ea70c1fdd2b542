import numpy as np
import pytest

from envs.shapes.objects import ObjectModel
from robot.hands.twin import Twin
from robot.trials.clip import render_clip
from tests.tiny_bundle import SPHERE


@pytest.fixture
def rendered(channel, tmp_path):
    def render(name, seconds=0.4):
        file = tmp_path / "clips" / name
        config = channel.config(
            f"robot.clip.file={file}", "robot.clip.width=64", "robot.clip.height=48"
        )
        layout = config.embodiment.make_layout()
        twin = Twin(config.hand, layout, config.physics, config.robot.world, ObjectModel(SPHERE))
        states = np.tile(twin.data.qpos, (round(seconds * layout.control_hz), 1))
        states[:, 0] += np.linspace(0, 1, len(states))  # a GIF merges frames that are equal
        views = {"left": states, "right": states}
        return file, render_clip(twin.model, views, layout.control_hz, config.robot.clip)

    return render


@pytest.mark.parametrize("name", ["twin.mp4", "twin.gif"])
def test_a_clip_of_both_views(rendered, name):
    import imageio.v3 as imageio

    file, reason = rendered(name)
    if reason is not None and "cannot render" in reason:
        pytest.skip(reason)
    assert reason is None
    frames = imageio.imread(file, index=None) if name.endswith("gif") else imageio.imread(file)
    assert frames.shape[0] == 4  # 0.4 s at 10 frames a second
    assert frames.shape[1:3] == (48, 128)
    assert frames.std() > 5  # there is something to see
    assert [path.name for path in file.parent.iterdir()] == [name]


def test_a_machine_that_cannot_render_is_told_what_to_install(rendered, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "no_such_library")
    file, reason = rendered("twin.mp4")
    assert "install libegl1" in reason
    assert "\n" not in reason
    assert list(file.parent.iterdir()) == []

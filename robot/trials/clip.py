"""A short clip of the twin, rendered without a screen.

Rendering runs in a process of its own; no control loop waits for it.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import mujoco
import numpy as np
from safetensors.numpy import load_file, save_file

from configs.files import beside
from configs.schema.robot import Clip
from envs.offscreen import camera_at, draw
from envs.shapes.objects import OBJECT

MODEL, STATES, ORDER = "model.mjb", "states.safetensors", "order.json"
LIMIT_S = 120  # [s] a software renderer draws some 20 frames a second


def render_clip(
    model: mujoco.MjModel, views: dict[str, np.ndarray], hz: float, clip: Clip
) -> str | None:
    """Write the views [frames, nq], side by side, to `clip.file`; return None, or why not.

    Args:
        views: states at the control rate, by name, left to right.
        hz: the control rate [1/s].
    """
    if clip.file is None:
        return None
    output = Path(clip.file)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mujoco.mj_saveModel(model, str(folder / MODEL))
        save_file(views, folder / STATES)
        stride = max(1, round(hz / clip.fps))
        temporary = beside(output)  # its suffix says in which format to write
        order = {
            "stride": stride,
            "fps": hz / stride,
            "size": [clip.width, clip.height],
            "output": str(temporary.absolute()),
            "views": list(views),
        }
        (folder / ORDER).write_text(json.dumps(order))
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            if not os.access(output.parent, os.W_OK):
                return f"{output.parent}: not writable"
            reason = draw("robot.trials.clip", folder, LIMIT_S)
            if reason is None:
                temporary.replace(output)
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}"
        finally:
            temporary.unlink(missing_ok=True)
    return reason


def main(folder: Path) -> None:
    """Render what `render_clip` ordered (the child process)."""
    import imageio

    order = json.loads((folder / ORDER).read_text())
    model = mujoco.MjModel.from_binary_path(str(folder / MODEL))
    data = mujoco.MjData(model)
    views = load_file(folder / STATES)
    width, height = order["size"]
    renderer = mujoco.Renderer(model, height, width)
    camera = camera_on(model, data, next(iter(views.values()))[0])
    count = min(len(states) for states in views.values())
    frames = []
    for index in range(0, count, order["stride"]):
        pictures = []
        for name in order["views"]:
            data.qpos[:] = views[name][index]
            mujoco.mj_forward(model, data)
            renderer.update_scene(data, camera=camera)
            pictures.append(titled(renderer.render(), name))
        frames.append(np.concatenate(pictures, axis=1))
    renderer.close()
    if order["output"].endswith(".gif"):
        imageio.mimwrite(order["output"], frames, duration=1e3 / order["fps"], loop=0)
    else:
        imageio.mimwrite(order["output"], frames, fps=order["fps"], macro_block_size=2)


def camera_on(model: mujoco.MjModel, data: mujoco.MjData, position: np.ndarray) -> mujoco.MjvCamera:
    """Return a camera on the object as it is held at first, with the hand around it."""
    data.qpos[:] = position
    mujoco.mj_forward(model, data)
    return camera_at((data.body(OBJECT).xpos + data.xpos[1:].mean(axis=0)) / 2)


def titled(picture: np.ndarray, title: str) -> np.ndarray:
    """Return a picture [height, width, 3] with its name in the upper left corner."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(picture)
    ImageDraw.Draw(image).text((8, 6), title, fill=(30, 30, 40), font_size=18)
    return np.asarray(image)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

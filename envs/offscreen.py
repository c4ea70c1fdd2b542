"""Pictures without a screen, drawn in a process of its own; no control loop waits for it.

The graphics library is chosen when it is loaded, and a broken driver may end the process.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from safetensors.numpy import load_file, save_file

from configs.files import write
from envs.shapes.objects import OBJECT

BACKENDS = ("egl", "osmesa")
DISTANCE, AZIMUTH, ELEVATION = 0.42, -146.0, -26.0  # [m] [deg] before the palm, from above
REMEDY = "install libegl1 and libgl1-mesa-dri (or libosmesa6)"
LIMIT_S = 120.0  # [s] a software renderer draws some 20 to 50 frames a second
MODEL, STATES, ORDER = "model.mjb", "states.safetensors", "order.json"
FALL_S, RED = 0.5, (198, 40, 40)  # how long a frame is red after a fall [s]


def film(
    model: mujoco.MjModel,
    views: Mapping[str, np.ndarray],
    file: Path,
    *,
    hz: float,
    fps: float,
    size: tuple[int, int],
    falls: Mapping[str, np.ndarray] | None = None,
) -> str | None:
    """Write views side by side as an .mp4 or a .gif, in one move; return None, or why not.

    Args:
        views: states [frames, nq] at `hz` [1/s], by name, left to right.
        fps: frames a second of the film, at most `hz`.
        size: width and height of one view [pixels].
        falls: [frames] where the object fell, by a view's name; these turn red for a moment.
    """
    stride = max(1, round(hz / fps))
    red = {f"{name}.fall": lasting(fell, hz) for name, fell in (falls or {}).items()}
    order = {"views": list(views), "stride": stride, "fps": hz / stride, "size": size}
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder, file.name)  # its suffix says in which format to write
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            reason = ordered(model, {**views, **red}, order | {"film": str(drawn)})
            if reason is None:
                write(file, drawn.read_bytes())
        except OSError as error:
            return f"{error.filename}: {error.strerror}"
    return reason


def stills(
    model: mujoco.MjModel,
    states: np.ndarray,
    files: Sequence[Path],
    size: tuple[int, int],
    distance: float,
) -> str | None:
    """Write a picture of each of some states [frames, nq]; return None, or why there is none.

    Args:
        size: width and height [pixels].
        distance: of the camera from the object [m].
    """
    names = [str(file.absolute()) for file in files]
    return ordered(model, {"": states}, {"size": size, "stills": names, "distance": distance})


def lasting(fell: np.ndarray, hz: float) -> np.ndarray:
    """Return [frames] uint8 where something fell at most FALL_S ago."""
    window = np.ones(round(FALL_S * hz) + 1)
    return (np.convolve(fell != 0, window)[: len(fell)] > 0).astype(np.uint8)


def ordered(
    model: mujoco.MjModel, arrays: Mapping[str, np.ndarray], order: Mapping[str, Any]
) -> str | None:
    """Have a process draw with the first graphics backend that works; return why none did."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mujoco.mj_saveModel(model, str(folder / MODEL))
        save_file(
            {key: np.ascontiguousarray(each) for key, each in arrays.items()}, folder / STATES
        )
        (folder / ORDER).write_text(json.dumps(order))
        chosen = os.environ.get("MUJOCO_GL")
        reasons = []
        for backend in (chosen,) if chosen else BACKENDS:
            try:
                run = subprocess.run(
                    [sys.executable, "-m", "envs.offscreen", name],
                    env=os.environ | {"MUJOCO_GL": backend},
                    cwd=Path(__file__).parents[1],  # found even where nothing is installed
                    capture_output=True,
                    text=True,
                    timeout=LIMIT_S,
                )
            except subprocess.TimeoutExpired:
                return f"rendering took more than {LIMIT_S:g} s; ask for less or smaller pictures"
            if run.returncode == 0:
                return None
            last = run.stderr.strip().splitlines()[-1:] or [f"exit {run.returncode}"]
            reasons.append(f"{backend}: {last[0]:.100}")
    return f"this machine cannot render ({'; '.join(reasons)}); {REMEDY}"


def main(folder: Path) -> None:
    """Draw what was ordered (the child process)."""
    order, arrays = json.loads((folder / ORDER).read_text()), load_file(folder / STATES)
    model = mujoco.MjModel.from_binary_path(str(folder / MODEL))
    width, height = order["size"]
    if "film" in order:  # many small pictures: no smooth edges and no shadows, a tenth of the time
        model.vis.quality.offsamples = 0
    with mujoco.Renderer(model, height, width) as renderer:
        if "film" in order:
            write_film(renderer, model, arrays, order)
        else:
            write_stills(renderer, model, arrays[""], order)


def write_film(
    renderer: mujoco.Renderer,
    model: mujoco.MjModel,
    arrays: Mapping[str, np.ndarray],
    order: Mapping[str, Any],
) -> None:
    import imageio

    views = {name: arrays[name] for name in order["views"]}
    data = mujoco.MjData(model)
    data.qpos[:] = next(iter(views.values()))[0]
    mujoco.mj_forward(model, data)
    camera = camera_at((data.body(OBJECT).xpos + data.xpos[1:].mean(axis=0)) / 2)
    frames = []
    for index in range(0, min(map(len, views.values())), order["stride"]):
        pictures = []
        for name, states in views.items():
            fell = arrays.get(f"{name}.fall")
            picture = drawn(renderer, model, data, states[index], camera)
            pictures.append(titled(picture, name, fell is not None and bool(fell[index])))
        frames.append(np.concatenate(pictures, axis=1))
    if order["film"].endswith(".gif"):
        imageio.mimwrite(order["film"], frames, duration=1e3 / order["fps"], loop=0)
    else:
        imageio.mimwrite(order["film"], frames, fps=order["fps"], macro_block_size=2)


def write_stills(
    renderer: mujoco.Renderer, model: mujoco.MjModel, states: np.ndarray, order: Mapping[str, Any]
) -> None:
    from PIL import Image

    data = mujoco.MjData(model)
    for state, name in zip(states, order["stills"], strict=True):
        data.qpos[:] = state
        mujoco.mj_forward(model, data)
        camera = camera_at(data.body(OBJECT).xpos, order["distance"])
        Image.fromarray(drawn(renderer, model, data, state, camera)).save(name)


def drawn(
    renderer: mujoco.Renderer,
    model: mujoco.MjModel,
    data: mujoco.MjData,
    state: np.ndarray,
    camera: mujoco.MjvCamera,
) -> np.ndarray:
    """Return a picture [height, width, 3] of a state [nq]."""
    data.qpos[:] = state
    mujoco.mj_forward(model, data)
    renderer.update_scene(data, camera=camera)
    if model.vis.quality.offsamples == 0:
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
    return renderer.render()


def camera_at(point: object, distance: float = DISTANCE) -> mujoco.MjvCamera:
    """Return a camera before the palm that looks at a point [3] from a distance [m]."""
    camera = mujoco.MjvCamera()
    camera.lookat[:] = point
    camera.distance, camera.azimuth, camera.elevation = distance, AZIMUTH, ELEVATION
    return camera


def titled(picture: np.ndarray, title: str, fell: bool) -> np.ndarray:
    """Return a picture [height, width, 3] with its name, framed in red after a fall."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    pen.text((8, 6), title, fill=(30, 30, 40), font_size=18)
    if fell:
        pen.rectangle((0, 0, image.width - 1, image.height - 1), outline=RED, width=6)
        pen.text((8, 28), "dropped", fill=RED, font_size=20)
    return np.asarray(image)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Pictures without a screen: a module that draws runs in a process of its own.

The graphics library is chosen when it is loaded, and a broken driver may end the process.
"""

import os
import subprocess
import sys
from pathlib import Path

import mujoco

BACKENDS = ("egl", "osmesa")
DISTANCE, AZIMUTH, ELEVATION = 0.42, -146.0, -26.0  # [m] [deg] before the palm, from above
REMEDY = "install libegl1 and libgl1-mesa-dri (or libosmesa6)"


def draw(module: str, folder: Path, limit_s: float) -> str | None:
    """Run `python -m module folder` with the first graphics backend that works.

    Returns:
        None, or why there is no picture, in one line.
    """
    chosen = os.environ.get("MUJOCO_GL")
    reasons = []
    for backend in (chosen,) if chosen else BACKENDS:
        environment = os.environ | {"MUJOCO_GL": backend}
        command = [sys.executable, "-m", module, str(folder)]
        root = Path(__file__).parents[1]  # found even where the project is not installed
        try:
            run = subprocess.run(
                command, env=environment, cwd=root, capture_output=True, text=True, timeout=limit_s
            )
        except subprocess.TimeoutExpired:
            return f"rendering took more than {limit_s:g} s; ask for less or smaller pictures"
        if run.returncode == 0:
            return None
        last = run.stderr.strip().splitlines()[-1:] or [f"exit {run.returncode}"]
        reasons.append(f"{backend}: {last[0]:.100}")
    return f"this machine cannot render ({'; '.join(reasons)}); {REMEDY}"


def camera_at(point: object, distance: float = DISTANCE) -> mujoco.MjvCamera:
    """Return a camera before the palm that looks at a point [3] from a distance [m]."""
    camera = mujoco.MjvCamera()
    camera.lookat[:] = point
    camera.distance, camera.azimuth, camera.elevation = distance, AZIMUTH, ELEVATION
    return camera

"""Recordings side by side: the same start and disturbances, the command alone and assisted."""

import base64
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from envs.offscreen import film
from tasks.report.naming import explained
from tasks.report.parts import Key

FPS, SIZE = 10.0, (360, 320)  # [1/s] [pixels] of one hand


@dataclass(frozen=True)
class Film:
    """A film, or why there is none, and what happened in it."""

    title: str
    video: str  # a data: address; empty where nothing can be rendered
    reason: str | None
    runs: list[Key]


def clips(summary: Mapping[str, Any]) -> list[Film]:
    """Render the recordings: each with `title`, `hz`, `scene` (MuJoCo XML) and `runs`, name ->
    `states` [T, nq] and `dropped` [T]."""
    return [clip(recording, summary["settings"]) for recording in summary["clips"]]


def clip(recording: Mapping[str, Any], settings: Mapping[str, Any]) -> Film:
    runs = recording["runs"]
    said = [
        Key(name, f"{explained(name, settings)}. {counted(run['dropped'], recording['hz'])}")
        for name, run in runs.items()
    ]
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "clip.mp4"
        reason = film(
            mujoco.MjModel.from_xml_string(recording["scene"]),
            {name: np.array(run["states"]) for name, run in runs.items()},
            file,
            hz=recording["hz"],
            fps=FPS,
            size=SIZE,
            falls={name: np.array(run["dropped"]) for name, run in runs.items()},
        )
        content = b"" if reason else file.read_bytes()
    video = f"data:video/mp4;base64,{base64.b64encode(content).decode()}" if content else ""
    return Film(recording["title"], video, reason, said)


def counted(dropped: Sequence[int], hz: float) -> str:
    """Say how often the object fell in a run, from its ticks."""
    drops, seconds = sum(1 for tick in dropped if tick), len(dropped) / hz
    words = {0: "No drop", 1: "One drop"}.get(drops, f"{drops} drops")
    return f"{words} in {seconds:g} s."

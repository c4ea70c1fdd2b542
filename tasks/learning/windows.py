"""Training windows, gathered from stored frames when they are read.

    rows of one episode:   first . . . t-2 t-1  t  t+1 t+2 . . . last
    history (H = 4):            t-3 t-2 t-1  t     (before `first`: the first step again)
    motion (T = 2):                          t ->  x[t+1] - x[t], x[t+2] - x[t]
    action:                                  t

A window is valid if its future lies inside the episode. The prior learns from windows whose T
actions carried no injected noise; the inverse dynamics learns from all.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from configs.errors import UserError
from configs.layout import Layout
from envs.episodes.episodes import open_shard, read_manifest
from models.controller import Windows
from models.kinematics import Kinematics
from models.state import state_step


@dataclass(frozen=True)
class Frames:
    """All frames of a dataset, N rows in time order, whole episodes one after the other."""

    step: Tensor  # [N, S] state step: observed joints, targets
    keypoints: Tensor  # [N, K, 3] [m] true positions, hand frame
    action: Tensor  # [N, n]
    mode: Tensor  # [N] int64
    clean: Tensor  # [N] bool
    drop: Tensor  # [N] bool: the last frame of an episode that ended in a drop
    first: Tensor  # [N] int64, row at which the frame's episode starts
    last: Tensor  # [N] int64, row at which it ends

    def __len__(self) -> int:
        return len(self.mode)

    def to(self, device: torch.device) -> "Frames":
        return Frames(**{name: tensor.to(device) for name, tensor in vars(self).items()})


def read_frames(folder: Path, layout: Layout, kinematics: Kinematics, max_frames: int) -> Frames:
    """Read every shard that the dataset's manifest lists, in the manifest's order.

    Raises:
        LayoutMismatch: the dataset was made for another layout.
        UserError: no frames, too many, steps with gaps, or unknown modes.
    """
    manifest = read_manifest(folder, layout)
    if not 0 < manifest.rows <= max_frames:
        raise UserError(
            f"{folder}: {manifest.rows} frames, train.max_frames is {max_frames}: "
            f"{'collect rollouts first' if manifest.rows == 0 else 'raise it or use fewer'}"
        )
    return join_frames(
        [
            make_frames(open_shard(path, layout), layout, kinematics, str(path))
            for path in (folder / name for name in manifest.shards)
        ]
    )


def join_frames(parts: Sequence[Frames]) -> Frames:
    """Return the frames of several datasets, one after the other."""
    offsets = np.cumsum([0, *(len(part) for part in parts)])[:-1].tolist()
    moved = [
        replace(part, first=part.first + offset, last=part.last + offset)
        for part, offset in zip(parts, offsets, strict=True)
    ]
    names = [field.name for field in fields(Frames)]
    return Frames(**{n: torch.cat([getattr(part, n) for part in moved]) for n in names})


def make_frames(
    arrays: Mapping[str, np.ndarray],
    layout: Layout,
    kinematics: Kinematics,
    holder: str,
    row: int = 0,
) -> Frames:
    """Return whole episodes' arrays [R, ...] as frames, whose first row is counted as `row`.

    Raises:
        UserError: steps with gaps or unknown modes; it names `holder`.
    """

    def column(name: str, dtype: torch.dtype) -> Tensor:
        return torch.from_numpy(np.array(arrays[name])).to(dtype)

    episode, step = np.asarray(arrays["episode"]), np.asarray(arrays["step"])
    starts = episode_starts(episode)
    lengths = np.diff(starts, append=len(episode))
    expected = np.arange(len(step)) - np.repeat(starts, lengths) + np.repeat(step[starts], lengths)
    gap = np.flatnonzero(step != expected)
    if len(gap):
        raise UserError(f"{holder}: episode {episode[gap[0]]} has a gap at row {gap[0]}")
    mode = column("mode", torch.int64)
    if mode.min() < 0 or mode.max() >= len(layout.modes):
        raise UserError(f"{holder}: mode {int(mode.max())}: the layout knows {layout.modes}")
    observed = column("joint_observation", torch.float32)
    return Frames(
        step=state_step(kinematics, observed, column("joint_target", torch.float32)),
        keypoints=column("keypoints", torch.float32),
        action=column("action", torch.float32),
        mode=mode,
        clean=column("clean", torch.bool),
        drop=column("drop", torch.bool) if "drop" in arrays else torch.zeros_like(mode).bool(),
        first=torch.from_numpy(np.repeat(starts, lengths) + row),
        last=torch.from_numpy(np.repeat(starts + lengths - 1, lengths) + row),
    )


def episode_starts(episode: np.ndarray) -> np.ndarray:
    """Return the rows at which episodes begin, from their ids [R]."""
    return np.flatnonzero(np.diff(episode, prepend=episode[0] - 1))


def split_episodes(frames: Frames, share: float, seed: int) -> Tensor:
    """Return which rows [N] are held back to validate: `share` of the episodes, whole.

    Raises:
        UserError: no kind of episode (`hold_back`) has two.
    """
    starts, episode = torch.unique_consecutive(frames.first, return_inverse=True)
    has_clean = torch.zeros(len(starts), dtype=torch.bool)
    has_clean[episode[frames.clean]] = True
    held_back = hold_back(has_clean, share, torch.Generator().manual_seed(seed))
    if not held_back.any():
        raise UserError(f"{len(starts)} episodes: at least two are needed, one to validate")
    return held_back[episode]


def hold_back(has_clean: Tensor, share: float, draws: torch.Generator) -> Tensor:
    """Return which episodes [E] are held back, from which have clean actions [E].

    Episodes with and without clean actions are drawn apart, at least one of each kind that has
    two, so that a few episodes can validate both networks.
    """
    held_back = torch.zeros_like(has_clean)
    for kind in (has_clean, ~has_clean):
        members = torch.nonzero(kind)[:, 0]
        count = min(max(1, round(share * len(members))), max(0, len(members) - 1))
        held_back[members[torch.randperm(len(members), generator=draws)[:count]]] = True
    return held_back


def window_rows(frames: Frames, among: Tensor, horizon: int, clean: bool = False) -> Tensor:
    """Return the rows [W], of those marked [N], whose next `horizon` frames are in the episode.

    `clean`: only those whose `horizon` actions carried no injected noise.
    """
    rows = torch.nonzero(among)[:, 0]
    rows = rows[rows + horizon <= frames.last[rows]]
    if not clean:
        return rows
    future = rows[:, None] + torch.arange(horizon, device=rows.device)
    return rows[frames.clean[future].all(dim=1)]


def thin(rows: Tensor, most: int) -> Tensor:
    """Return at most `most` of `rows`, evenly spread."""
    return rows[:: math.ceil(len(rows) / most)]


def gather(frames: Frames, rows: Tensor, layout: Layout) -> Windows:
    """Return the windows at `rows` [B], on the frames' device."""
    # index_select copies whole rows; indexing by a matrix of rows takes several times as long
    past = torch.arange(1 - layout.history, 1, device=rows.device)
    future = torch.arange(layout.horizon + 1, device=rows.device)
    first = frames.first.index_select(0, rows)
    history = torch.maximum(rows[:, None] + past, first[:, None])  # [B, H]
    points = frames.keypoints.flatten(1).index_select(0, (rows[:, None] + future).flatten())
    points = points.view(len(rows), layout.horizon + 1, layout.num_keypoints, 3)
    step = frames.step.index_select(0, history.flatten())
    return Windows(
        history=step.view(len(rows), layout.history, layout.step_size),
        motion=points[:, 1:] - points[:, :1],
        action=frames.action.index_select(0, rows),
        mode=frames.mode.index_select(0, rows),
    )

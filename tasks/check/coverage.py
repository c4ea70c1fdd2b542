"""What a dataset covers, style by style, and how much that is beside the version before.

Frames, episodes and what rollouts counted are of every row. Where objects are and how they are
turned is looked up in some rows of the shards, as many of each style.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from configs.layout import NO_OBJECT
from configs.schema.check import CheckStep
from envs.episodes.episodes import Manifest
from envs.shapes.rotation_bins import nearest_reference
from tasks.check.checked_table import Sample, draw_rows
from tasks.check.expectations import Finding
from tasks.data.dataset_commits import Arrays

CELL = 0.01  # [m] edge of a position cell: the goal's tolerance
COUNTED = ("goals", "regrasps", "recoveries")  # by the rollouts (tasks/rollouts/counting.py)
HELD_TO = ("orientations", "positions", "fingers")  # of the version before

Figures = Mapping[str, float]
Coverage = Mapping[str, Figures]  # style -> figure -> value


def cover(
    manifest: Manifest, open_arrays: Callable[[str], Arrays], config: CheckStep
) -> dict[str, dict[str, float]]:
    """Return the figures of each style; what was not counted, or cannot be known, is left out.

    `fingers` is the mean number that touch a held object, `touch.<finger>` the share of its frames
    in which that finger does; `orientations` and `positions` are occupied bins. Hands that are
    empty count as frames and as `empty`, and for nothing else.
    """
    parts = by_style(manifest, config.styles)
    check, covered = config.check, dict[str, dict[str, float]]()
    sample = Sample(check.sample_rows, max(check.sample_shards // max(len(parts), 1), 1))
    for name, part in parts.items():
        rng = np.random.default_rng(config.seed)
        poses = [
            held_poses(open_arrays(shard), rows) for shard, rows in draw_rows(part, sample, rng)
        ]
        empty = part.rows_by["object"].get(str(NO_OBJECT), 0)
        covered[name] = {
            "episodes": part.episodes,
            "frames": part.rows,
            "empty": empty,
            **{key: part.counts[key] for key in COUNTED if key in part.counts},
            **touches(part.counts, [finger.name for finger in config.embodiment.hand.fingers]),
            **(places(np.concatenate(poses)) if "object_pose" in manifest.fields else {}),
        }
    return covered


def by_style(manifest: Manifest, styles: tuple[str, ...]) -> dict[str, Manifest]:
    """Return the runs of each style as a manifest; a run of several goes by all their names."""
    parts: dict[tuple[int, ...], list] = {}
    for run in manifest.runs:
        parts.setdefault(tuple(sorted(map(int, run.rows_by["style"]))), []).append(run)
    known = dict(enumerate(styles))
    return {
        " + ".join(known.get(one, str(one)) for one in which): replace(
            manifest, runs=tuple(runs), kept_nothing={}
        )
        for which, runs in sorted(parts.items())
    }


def held_poses(arrays: Arrays, rows: np.ndarray) -> np.ndarray:
    """Return the poses [R, 7] of the objects that are held in some rows, finite ones alone."""
    if "object_pose" not in arrays:
        return np.zeros((0, 7))
    poses = arrays["object_pose"][rows][arrays["object"][rows] != NO_OBJECT]
    return poses[np.isfinite(poses).all(axis=1)].astype(float)


def touches(counts: Mapping[str, int], names: list[str]) -> dict[str, float]:
    """Return how many fingers touch a held object on average, and how often each does."""
    frames = {number: counts.get(f"fingers_{number}", 0) for number in range(len(names) + 1)}
    held = sum(frames.values())
    if not held:
        return {}
    mean = sum(number * count for number, count in frames.items()) / held
    shares = {name: counts[f"touches_{i}"] / held for i, name in enumerate(names)}
    return {"fingers": mean} | {f"touch.{name}": share for name, share in shares.items()}


def places(poses: np.ndarray) -> dict[str, float]:
    """Return how many bins of orientation and cells of position poses [R, 7] are in."""
    if not len(poses):
        return {}
    return {
        "orientations": len(np.unique(nearest_reference(poses[:, 3:]))),
        "positions": len(np.unique(np.floor(poses[:, :3] / CELL), axis=0)),
    }


def losses(covered: Coverage, before: Coverage, least: float) -> Iterator[Finding]:
    """Yield what each style covers, which must be `least` times as much as in the version before.

    What the version before does not know has no limit.
    """
    for style, figures in covered.items():
        for what in HELD_TO:
            if what in figures:
                value, old = figures[what], before.get(style, {}).get(what, 0.0)
                said = (
                    f"{value:.3g} of style {style}, {old:.3g} in the version before; "
                    f"check.previous.min_covered asks for {least * old:.3g}"
                )
                column = f"{style}.{what}"
                yield Finding("coverage", column, "number", value, least * old, np.inf, said)

"""Episodes on disk: immutable shards of whole episodes, and the manifest that lists them.

    folder/manifest.json               what there is: runs, fields, counts, statistics
    folder/runs/<sha256>.safetensors   the shards that one writer closed, and their statistics
    folder/shards/<sha256>.safetensors one array [rows, ...] a field, frames in time order

A shard's name is the hash of its bytes, so equal episodes make equal shards and datasets merge
by listing runs, never by copying rows. An episode never crosses a shard, and its id is unique
within its shard only. Frames are stored, not stacked windows. Numpy and safetensors only: the
robot writes its recordings in the same format.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from configs.layout import Field, Layout
from envs.episodes.array_files import EpisodesError, map_arrays, write_arrays
from envs.episodes.manifest import (
    MANIFEST,
    Manifest,
    Shard,
    make_manifest,
    manifest_files,
    merge_manifests,
    read_manifest,
)
from envs.episodes.runs import LABELS, RUNS, SHARDS, write_run
from envs.episodes.statistics import Statistics, derived, measure

__all__ = [
    "MANIFEST",
    "EpisodeWriter",
    "EpisodesError",
    "Manifest",
    "Shard",
    "manifest_files",
    "measure_fields",
    "merge_manifests",
    "open_shard",
    "read_manifest",
]

KEY = "episodes"  # of the metadata in a shard
SHARD_FORMAT = 1


class EpisodeWriter:
    """Write whole episodes into shards of at most `max_shard_bytes` (one episode may exceed it).

    Nothing counts before `close` has written the manifest; a folder without one is unfinished
    and is written again from its first episode.
    """

    def __init__(
        self, folder: Path, layout: Layout, max_shard_bytes: int, source: str = "simulation"
    ) -> None:
        self.folder = folder
        self.layout = layout
        self.max_shard_bytes = max_shard_bytes
        self.source = source
        self._pending: list[dict[str, np.ndarray]] = []
        self._pending_bytes = 0
        self._last_episode = -1
        self._fields: tuple[str, ...] = ()
        self._shards: dict[str, Shard] = {}
        self._rows_by: dict[str, dict[int, int]] = {label: {} for label in LABELS}
        for part in (SHARDS, RUNS):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).unlink(missing_ok=True)

    def append(self, episode: Mapping[str, np.ndarray]) -> None:
        """Add one episode: the layout's fields as arrays [T, ...], T at least 1.

        Privileged fields may be absent on a robot, but then in every episode. Values are not
        judged here: they are measured, and the check step judges.

        Raises:
            EpisodesError: a missing or unknown field, a wrong shape or dtype, an id that is not
                constant in the episode or does not grow from episode to episode.
        """
        arrays = self._conform(episode)
        size = sum(array.nbytes for array in arrays.values())
        if self._pending and self._pending_bytes + size > self.max_shard_bytes:
            self.flush()
        self._pending.append(arrays)
        self._pending_bytes += size

    def flush(self) -> None:
        """Write the pending episodes as a shard of their own."""
        if not self._pending:
            return
        arrays = {
            name: np.concatenate([episode[name] for episode in self._pending])
            for name in self._fields
        }
        header = {
            "format": SHARD_FORMAT,
            "layout": self.layout.fingerprint(),
            "source": self.source,
        }
        name, size = write_arrays(self.folder, SHARDS, arrays, KEY, header)
        self._count(arrays)
        self._shards[name] = Shard(
            rows=len(arrays["step"]),
            episodes=len(self._pending),
            dropped=sum(bool(np.any(e["drop"])) for e in self._pending if "drop" in e),
            bytes=size,
            statistics=measure_fields(arrays, self.layout),
        )
        self._pending, self._pending_bytes = [], 0

    def close(self, counts: Mapping[str, int] | None = None) -> Manifest:
        """Write what is pending as the last shard, the run and the manifest.

        `counts` goes into them as it is.
        """
        self.flush()
        layout, counts = self.layout.fingerprint(), counts or {}
        runs = []
        if self._shards:
            rows_by = {
                label: {str(value): rows for value, rows in sorted(found.items())}
                for label, found in self._rows_by.items()
            }
            runs = [write_run(self.folder, self._shards, rows_by, counts, layout, self.source)]
        manifest = make_manifest(
            layout,
            self.source,
            self._fields or tuple(self.layout.fields),  # all of them if there is no episode
            runs,
            kept_nothing={} if runs else counts,
        )
        manifest.write(self.folder)
        return manifest

    def _count(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Count a shard's rows by the values of their labels."""
        for label, found in self._rows_by.items():
            values, numbers = np.unique(arrays[label], return_counts=True)
            for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
                found[value] = found.get(value, 0) + number

    def _conform(self, episode: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        fields = self.layout.fields
        for name in episode:
            if name not in fields:
                raise EpisodesError(f"{self.folder}: {name}: not a field of the layout")
        for name, field in fields.items():
            optional = field.privileged and self.source == "robot"
            if name not in episode and (name in self._fields or not optional):
                raise EpisodesError(f"{self.folder}: {name}: missing in an episode")
            if name in episode and self._fields and name not in self._fields:
                raise EpisodesError(f"{self.folder}: {name}: missing in the episodes before")
        length = np.size(episode["step"])
        names = [name for name in fields if name in episode]
        arrays = {name: _array(self.folder, fields[name], episode[name], length) for name in names}
        ids = arrays["episode"]
        if (ids != ids[0]).any() or ids[0] <= self._last_episode:
            raise EpisodesError(
                f"{self.folder}: episode: ids must be constant in an episode and grow "
                f"(last {self._last_episode}, now {ids[0]})"
            )
        self._last_episode, self._fields = int(ids[0]), tuple(names)
        return arrays


def measure_fields(arrays: Mapping[str, np.ndarray], layout: Layout) -> dict[str, Statistics]:
    """Measure a shard's fields and their derived columns over every row."""
    units = {name: field.unit for name, field in layout.fields.items()}
    columns = dict(arrays) | derived(arrays, units)
    return {name: measure(array) for name, array in columns.items()}


def open_shard(path: Path, layout: Layout | None = None) -> dict[str, np.ndarray]:
    """Return a shard's arrays [rows, ...] by field, memory-mapped and read-only.

    Raises:
        EpisodesError: missing, cut off or not a shard. LayoutMismatch: made for another layout.
    """
    metadata, arrays = map_arrays(path, KEY, "shard of episodes")
    if layout is not None:
        layout.require(metadata["layout"], str(path))
        for name, array in arrays.items():
            _array(path, layout.fields[name], array, len(array))
    return arrays


def _array(folder: Path, field: Field, values: np.ndarray, length: int) -> np.ndarray:
    array = np.ascontiguousarray(values)
    if array.dtype != field.dtype or array.shape != (length, *field.shape) or length == 0:
        raise EpisodesError(
            f"{folder}: {field.name}: {array.dtype}{list(array.shape)} given, "
            f"{field.dtype}{[max(length, 1), *field.shape]} wanted"
        )
    return array

"""Episodes on disk: immutable shards of whole episodes, and the manifest that lists them.

    folder/manifest.json               what there is: fields, shards, counts, statistics
    folder/shards/<sha256>.safetensors one array [rows, ...] a field, frames in time order

A shard's name is the hash of its bytes, so equal episodes make equal shards and datasets merge
by listing shards, never by copying rows. An episode never crosses a shard, and its id is unique
within its shard only. Frames are stored, not stacked windows. Numpy and safetensors only: the
robot writes its recordings in the same format.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from configs.layout import Field, Layout
from envs.manifest import (
    FORMAT,
    MANIFEST,
    EpisodesError,
    Manifest,
    Shard,
    manifest_files,
    merge_manifests,
    read_manifest,
    write_whole,
)
from envs.statistics import Statistics, derived, measure

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

SHARDS = "shards"
# The safetensors names of the dtypes that a layout uses.
DTYPES = {"F32": "float32", "I64": "int64", "I32": "int32", "I16": "int16", "U8": "uint8"}


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
        (folder / SHARDS).mkdir(parents=True, exist_ok=True)
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
        header = {"format": FORMAT, "layout": self.layout.fingerprint(), "source": self.source}
        # One metadata key: safetensors writes several in random order, which changes the hash.
        content = save(arrays, {"episodes": json.dumps(header, sort_keys=True)})
        name = f"{SHARDS}/{hashlib.sha256(content).hexdigest()}.safetensors"
        write_whole(self.folder / name, content)
        self._shards[name] = Shard(
            rows=len(arrays["step"]),
            episodes=len(self._pending),
            dropped=sum(bool(np.any(e["drop"])) for e in self._pending if "drop" in e),
            bytes=len(content),
            statistics=measure_fields(arrays, self.layout),
        )
        self._pending, self._pending_bytes = [], 0

    def close(self, counts: Mapping[str, int] | None = None) -> Manifest:
        """Write what is pending and the manifest; `counts` goes into it as it is."""
        self.flush()
        manifest = Manifest(
            layout=self.layout.fingerprint(),
            source=self.source,
            fields=self._fields or tuple(self.layout.fields),  # all of them if there is no episode
            shards=dict(sorted(self._shards.items())),
            counts=dict(sorted((counts or {}).items())),
        )
        manifest.write(self.folder)
        return manifest

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
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        size = int(data[:8].view(np.uint64)[0])
        header = json.loads(data[8 : 8 + size].tobytes())
        metadata = json.loads(header.pop("__metadata__")["episodes"])
        body = data[8 + size :]
        arrays = {name: _view(body, row) for name, row in header.items()}
    except FileNotFoundError:
        raise EpisodesError(f"{path}: missing shard") from None
    except (ValueError, KeyError, IndexError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise EpisodesError(f"{path}: cut off or not a shard of episodes ({reason})") from None
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


def _view(body: np.ndarray, row: Mapping) -> np.ndarray:
    start, end = row["data_offsets"]
    return np.asarray(body[start:end]).view(DTYPES[row["dtype"]]).reshape(row["shape"])

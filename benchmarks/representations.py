"""Bytes a transition by representation, what it takes to read it, and what it does to the losses.

Each field of a shard is cut into pieces of 4096 frames, which are packed one by one, so that a
stream could read a block on its own. A byte shuffle puts the first bytes of all numbers first,
then all second bytes: exponents and signs, which differ little, stand side by side.
"""

import importlib.util
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from configs.layout import Layout
from configs.schema.pipeline import Config
from configs.schema.train import Train
from envs.episodes.episodes import open_shard, read_manifest
from models.kinematics import Kinematics
from tasks.learning.data import InMemory, TrainingData, Validation, open_data, training_data
from tasks.learning.train import fit_controller, validate
from tasks.learning.windows import Frames, gather, join_frames, make_frames, thin, window_rows

PIECE = 4096  # [frames]
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Codec:
    """How bytes are packed; nothing is lost."""

    pack: Callable[[bytes], bytes]
    unpack: Callable[[bytes], bytes]


CODECS: dict[str, Codec] = {
    "": Codec(bytes, bytes),
    "zlib 1": Codec(lambda data: zlib.compress(data, 1), zlib.decompress),
    "zlib 6": Codec(lambda data: zlib.compress(data, 6), zlib.decompress),
}
if importlib.util.find_spec("zstandard"):  # no dependency of the project's own
    import zstandard

    CODECS["zstd 3"] = Codec(
        lambda data: zstandard.ZstdCompressor(3).compress(data),
        lambda data: zstandard.ZstdDecompressor().decompress(data),
    )
# floats, codec, byte shuffle
TRIED = [
    (floats, codec, shuffled)
    for floats in ("float32", "float16")
    for codec in CODECS
    for shuffled in ((False, True) if codec else (False,))
]


def name_of(floats: str, codec: str, shuffled: bool) -> str:
    return ", ".join(filter(None, (floats, codec, "shuffled" if shuffled else "")))


def sizes(folder: Path, layout: Layout, most: int) -> dict[str, dict[str, float]]:
    """Return bytes a frame and rates [frames/s] by representation, of `most` frames at most."""
    names, rows, arrays = list(read_manifest(folder, layout).shards), 0, []
    for name in names:
        shard = open_shard(folder / name, layout)
        arrays.append({key: np.array(array[: most - rows]) for key, array in shard.items()})
        rows += len(arrays[-1]["step"])
        if rows >= most:
            break
    return {name_of(*tried): measure(arrays, rows, *tried) for tried in TRIED}


def measure(
    shards: list[dict[str, np.ndarray]], rows: int, floats: str, codec: str, shuffled: bool
) -> dict[str, float]:
    """Pack and unpack shards; return bytes a frame, and frames a second of either."""
    pack, unpack = CODECS[codec].pack, CODECS[codec].unpack
    size, packing, reading = 0, 0.0, 0.0
    for piece in pieces(shards):
        started = time.perf_counter()
        stored = narrow(piece, floats)
        packed = pack(to_bytes(stored, shuffled))
        packing += time.perf_counter() - started
        size += len(packed)
        started = time.perf_counter()
        back = widen(from_bytes(unpack(packed), stored, shuffled), piece.dtype)
        reading += time.perf_counter() - started
        if floats == "float32" and not np.array_equal(back, piece):
            raise SystemExit(f"{codec}: what was unpacked is not what was packed")
    return {
        "bytes_per_frame": size / rows,
        "write_frames_per_s": rows / packing,
        "read_frames_per_s": rows / reading,
    }


def pieces(shards: list[dict[str, np.ndarray]]) -> Iterator[np.ndarray]:
    for arrays in shards:
        for array in arrays.values():
            for start in range(0, len(array), PIECE):
                yield array[start : start + PIECE]


def narrow(array: np.ndarray, floats: str) -> np.ndarray:
    return array.astype(floats) if array.dtype == np.float32 else array


def widen(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return array.astype(dtype)  # a copy, as a reader makes one


def to_bytes(array: np.ndarray, shuffled: bool) -> bytes:
    """Return an array's bytes; shuffled: all first bytes, then all second ones."""
    if not shuffled:
        return array.tobytes()
    return np.ascontiguousarray(
        array.reshape(-1).view(np.uint8).reshape(array.size, -1).T
    ).tobytes()


def from_bytes(data: bytes, like: np.ndarray, shuffled: bool) -> np.ndarray:
    """Undo `to_bytes` of an array like this one."""
    raw = np.frombuffer(data, np.uint8)
    if shuffled:
        raw = np.ascontiguousarray(raw.reshape(like.itemsize, -1).T).reshape(-1)
    return raw.view(like.dtype).reshape(like.shape)


def rounding(folder: Path, layout: Layout) -> dict[str, dict[str, Any]]:
    """Return the worst error of float16 over all rows, by field, in the field's unit."""
    worst: dict[str, dict[str, Any]] = {}
    for name in read_manifest(folder, layout).shards:
        for key, array in open_shard(folder / name, layout).items():
            if array.dtype == np.float32:
                error = float(np.abs(array.astype(np.float16).astype(np.float32) - array).max())
                kept = worst.setdefault(key, {"error": 0.0, "unit": layout.fields[key].unit})
                kept["error"] = max(kept["error"], error)
    return worst


def losses(folder: Path, config: Config, seeds: int, samples: int) -> dict[str, dict[str, float]]:
    """Train on data that went through each representation; return validation losses, means over
    the seeds, and the std between the seeds of the first.

    All are validated on the float32 frames of the last shard, which none is trained on. What is
    packed without loss trains to the same bits, so only the roundings differ; bfloat16 shows what
    a rounding that is too coarse would do, `streamed` what the stream's order does.
    """
    settings = replace(config.train, samples=samples)
    layout, kinematics = config.embodiment.make_layout(), Kinematics(config.hand)
    *names, last = read_manifest(folder, layout).shards
    if not names:
        raise SystemExit(f"{folder}: one shard; two are needed, one to validate")
    unseen = read(folder, [last], layout, kinematics, torch.float32)
    every = torch.ones(len(unseen), dtype=torch.bool)
    rows = [window_rows(unseen, every, layout.horizon, clean) for clean in (True, False)]
    held_back = Validation(
        *(gather(unseen, thin(part, settings.validation_windows), layout) for part in rows)
    )
    found: dict[str, dict[str, float]] = {}
    for kind in ("float32", "float32, streamed", "float16", "bfloat16"):
        results = []
        for seed in range(seeds):
            data = data_of(kind, folder, names, config, settings, seed)
            results.append(train(data, held_back, layout, settings, seed))
            print(f"  {kind}, seed {seed}: {results[-1]}", file=sys.stderr, flush=True)
        found[kind] = {name: float(np.mean([row[name] for row in results])) for name in results[0]}
        if kind == "float32" and seeds > 1:
            found["std of seeds"] = {
                name: float(np.std([row[name] for row in results], ddof=1)) for name in results[0]
            }
    return found


def data_of(
    kind: str, folder: Path, names: list[str], config: Config, settings: Train, seed: int
) -> TrainingData:
    """Return a training's data of some shards, after their floats were stored as `kind` says."""
    layout, kinematics = config.embodiment.make_layout(), Kinematics(config.hand)
    if kind != "float32, streamed":
        frames = read(folder, names, layout, kinematics, getattr(torch, kind))
        return training_data(InMemory(frames, layout, settings, seed), settings)
    shards = read_manifest(folder, layout).shards
    some, settings = {name: shards[name] for name in names}, replace(settings, loader="stream")
    return open_data(folder, some, layout, kinematics, settings, seed)


def read(
    folder: Path, names: list[str], layout: Layout, kinematics: Kinematics, floats: torch.dtype
) -> Frames:
    """Return the frames of some shards as they are once their floats were stored as `floats`."""

    def through(array: np.ndarray) -> np.ndarray:
        if array.dtype != np.float32:
            return np.array(array)
        kept: Tensor = torch.from_numpy(np.array(array)).to(floats)
        return kept.to(torch.float32).numpy()

    return join_frames(
        [
            make_frames(
                {key: through(array) for key, array in open_shard(folder / name, layout).items()},
                layout,
                kinematics,
                name,
            )
            for name in names
        ]
    )


def train(
    data: TrainingData, held_back: Validation, layout: Layout, settings: Train, seed: int
) -> dict[str, float]:
    """Train as the step `train` does; return the losses on the windows held back."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "checkpoint.ckpt"
        trained = fit_controller(
            data, layout, settings, seed, path, lambda *_: None, lambda *_: None
        )
    return validate(trained, held_back, settings, seed)

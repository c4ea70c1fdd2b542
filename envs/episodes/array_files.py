"""Files of episodes: named by the hash of their bytes, written whole, mapped when read."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from configs.errors import UserError
from configs.files import write

# The safetensors names of the dtypes that a layout and the files of a run use.
DTYPES = {
    "F32": "float32",
    "F64": "float64",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "U8": "uint8",
}


class EpisodesError(UserError):
    """Episodes that cannot be written or read; one line that names file and field."""


def write_arrays(
    folder: Path, part: str, arrays: dict[str, np.ndarray], key: str, header: Mapping[str, Any]
) -> tuple[str, int]:
    """Write arrays as `<folder>/<part>/<sha256>.safetensors`; return that name and its size.

    `header` is plain JSON, kept under the metadata key `key`.
    """
    # One metadata key: safetensors writes several in random order, which changes the hash.
    content = save(arrays, {key: json.dumps(header, sort_keys=True)})
    name = f"{part}/{hashlib.sha256(content).hexdigest()}.safetensors"
    write(folder / name, content)
    return name, len(content)


def map_arrays(path: Path, key: str, what: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header kept under `key` and the arrays, memory-mapped and read-only.

    Raises:
        EpisodesError: missing, cut off or not such a file; `what` it should be is said.
    """
    with _one_line(path, what):
        data = np.memmap(path, dtype=np.uint8, mode="r")
        size = int(data[:8].view(np.uint64)[0])
        header = json.loads(data[8 : 8 + size].tobytes())
        metadata = json.loads(header.pop("__metadata__")[key])
        arrays = {}
        for name, row in header.items():
            start, end = (8 + size + place for place in row["data_offsets"])
            arrays[name] = np.asarray(data[start:end]).view(DTYPES[row["dtype"]])
            arrays[name] = arrays[name].reshape(row["shape"])
        return metadata, arrays


def read_arrays(
    path: Path, key: str, what: str, names: Iterable[str]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header kept under `key` and a few arrays, in memory; the others are not read.

    Raises:
        EpisodesError: as `map_arrays`.
    """
    metadata, arrays = map_arrays(path, key, what)
    with _one_line(path, what):
        return metadata, {name: np.array(arrays[name]) for name in names}


@contextmanager
def _one_line(path: Path, what: str) -> Iterator[None]:
    """Say in one line what is wrong with a file of arrays."""
    try:
        yield
    except FileNotFoundError:
        raise EpisodesError(f"{path}: missing {what.split()[0]}") from None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise EpisodesError(f"{path}: cut off or not a {what} ({reason})") from None

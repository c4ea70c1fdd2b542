"""Files of episodes: named by the hash of their bytes, written whole, mapped when read."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

# The safetensors names of the dtypes that a layout and the files of a run use.
DTYPES = {
    "F32": "float32",
    "F64": "float64",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "U8": "uint8",
}


class EpisodesError(ValueError):
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
    write_whole(folder / name, content)
    return name, len(content)


def map_arrays(path: Path, key: str, what: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header kept under `key` and the arrays, memory-mapped and read-only.

    Raises:
        EpisodesError: missing, cut off or not such a file; `what` it should be is said.
    """
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        size = int(data[:8].view(np.uint64)[0])
        header = json.loads(data[8 : 8 + size].tobytes())
        metadata = json.loads(header.pop("__metadata__")[key])
        body = data[8 + size :]
        return metadata, {name: _view(body, row) for name, row in header.items()}
    except FileNotFoundError:
        raise EpisodesError(f"{path}: missing {what.split()[0]}") from None
    except (ValueError, KeyError, IndexError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise EpisodesError(f"{path}: cut off or not a {what} ({reason})") from None


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file under its name only when it is complete."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    os.replace(temporary, path)
    return path


def _view(body: np.ndarray, row: Mapping[str, Any]) -> np.ndarray:
    start, end = row["data_offsets"]
    return np.asarray(body[start:end]).view(DTYPES[row["dtype"]]).reshape(row["shape"])

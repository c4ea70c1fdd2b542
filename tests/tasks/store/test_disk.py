"""What libraries say of a full disk becomes one line with the remedy; other errors are let be."""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from tasks.store.disk import full_disk, remedy

FULL = Path("/dev/full")
ARRAY = {"a": np.zeros(1_000_000)}


def plain() -> None:
    with FULL.open("wb") as stream:
        stream.write(bytes(100_000))


def wrapped() -> None:
    try:
        plain()
    except OSError as error:
        raise RuntimeError("the file could not be written") from error


def parquet() -> None:
    # an open file: of one that it opens, pyarrow deletes what it could not write, this one too
    with pa.PythonFile(FULL.open("wb", buffering=0), mode="w") as stream:
        pq.write_table(pa.table(ARRAY), stream)


def database() -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("CREATE TABLE t (x BLOB)")
        connection.execute("INSERT INTO t VALUES (?)", (bytes(100_000),))


@pytest.mark.parametrize("write", [plain, wrapped, parquet, database])
def test_every_library_s_words_are_understood(write: Callable[[], None], tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        write()
    line = full_disk(caught.value, tmp_path)
    assert line is not None
    assert "No space left on device" in line
    assert "free some space, and the same command goes on" in line
    assert len(line.splitlines()) == 1


def test_safetensors_words_are_understood(tmp_path: Path) -> None:
    error = safetensors.SafetensorError(
        "Error while serializing: I/O error: No space left on device (os error 28)"
    )
    assert full_disk(error, tmp_path) is not None


def test_file_and_limit_are_named(tmp_path: Path) -> None:
    file = str(tmp_path / "shard")
    line = full_disk(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file), tmp_path)
    assert line is not None
    assert line.startswith(f"{file}: No space left on device; ")
    line = full_disk(OSError(errno.EFBIG, os.strerror(errno.EFBIG), file), tmp_path)
    assert line is not None
    assert line.startswith(f"{file}: File too large; ")
    assert "ulimit -f" in line


def test_another_error_is_not_about_the_disk(tmp_path: Path) -> None:
    assert full_disk(ValueError("a defect"), tmp_path) is None
    assert full_disk(FileNotFoundError(errno.ENOENT, "no such file", "x"), tmp_path) is None
    assert full_disk(ValueError("a defect"), tmp_path / "not there") is None
    assert remedy(errno.ENOENT) == ""

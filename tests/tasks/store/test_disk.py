"""What libraries say of a full disk becomes one line with the remedy; other errors are let be."""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors

from tasks.store.disk import full_disk


def plain() -> None:
    with Path("/dev/full").open("wb") as stream:
        stream.write(bytes(100_000))


def wrapped() -> None:
    try:
        plain()
    except OSError as error:
        raise RuntimeError("the file could not be written") from error


def database() -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("PRAGMA max_page_count = 2")
        connection.execute("CREATE TABLE t (x BLOB)")
        connection.execute("INSERT INTO t VALUES (?)", (bytes(100_000),))


def shard() -> None:
    words = "Error while serializing: I/O error: No space left on device (os error 28)"
    raise safetensors.SafetensorError(words)


@pytest.mark.parametrize("write", [plain, wrapped, database, shard])
def test_every_library_s_words_are_understood(write: Callable[[], None], tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        write()
    said = "No space left on device; free some space, and the same command goes on"
    assert full_disk(caught.value, tmp_path) == f"{tmp_path}: {said}"


def test_the_file_is_named(tmp_path: Path) -> None:
    file = str(tmp_path / "shard")
    line = full_disk(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file), tmp_path)
    assert line is not None
    assert line.startswith(f"{file}: No space left on device; ")


def test_another_error_is_not_about_the_disk(tmp_path: Path) -> None:
    assert full_disk(ValueError("a defect"), tmp_path) is None
    assert full_disk(FileNotFoundError(errno.ENOENT, "no such file", "x"), tmp_path) is None

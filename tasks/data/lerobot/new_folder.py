"""A folder that appears whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from configs.errors import UserError
from configs.files import replacing


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`, which takes its name when the block has ended.

    Raises:
        UserError: it exists, or the block met an OSError (a full disk).
    """
    refuse_existing(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with replacing(folder) as work:
            work.mkdir()
            yield work
            refuse_existing(folder)
    except OSError as error:
        said = f"{error.filename or folder.parent}: {error.strerror or error}"
        raise UserError(f"{said}; {folder} cannot be made there") from None


def refuse_existing(folder: Path) -> None:
    if os.path.lexists(folder):
        raise UserError(f"{folder}: exists already; name a new folder, or delete it first")

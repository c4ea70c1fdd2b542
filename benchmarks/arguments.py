"""What every benchmark does with bad input: refuse it in one line, with exit code 2."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from configs.errors import UserError


def positive(text: str) -> int:
    """Return a number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def new_file(text: str) -> Path:
    """Return a file that can be written."""
    path = Path(text)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{path} cannot be written: its folder must be there")
    return path


def existing_folder(text: str) -> Path:
    """Return a folder that is there."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is no folder")
    return path


def run(main: Callable[[], int]) -> None:
    """Run a benchmark and end; 1 is left to figures that are not what is asked of them."""
    try:
        code = main()
    except UserError as error:
        print(f"{Path(sys.argv[0]).name}: {' '.join(str(error).split())}", file=sys.stderr)
        code = 2
    sys.exit(code)

"""What benchmarks share: how they are asked, and how their figures are shown, judged and kept.

Limits are (least, most) by the name of a figure. Bad input is refused in one line, with exit code
2; 1 is left to figures that are not what is asked of them.
"""

import argparse
import json
import math
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from configs.errors import UserError
from flows.commands.terminal import table

Limits = Mapping[str, tuple[float, float]]
ANY = math.inf


def parser(
    doc: str | None, *, threads: bool = False, overrides: bool = False
) -> argparse.ArgumentParser:
    """Return a command line with `--json` and, as said, a number of threads and overrides."""
    made = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    made.add_argument("--json", type=new_file, help="file for the figures")
    if threads:
        made.add_argument("--threads", type=positive, default=len(os.sched_getaffinity(0)))
    if overrides:
        made.add_argument("overrides", nargs="*", help="Hydra overrides")
    return made


def positive(text: str) -> int:
    """Return a number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def new_file(text: str) -> Path:
    """Return a file that can be written."""
    path = Path(text)
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"{path} cannot be written: its folder must be there")
    return path


def existing_folder(text: str) -> Path:
    """Return a folder that is there."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is no folder")
    return path


def run(main: Callable[[], int]) -> None:
    """Run a benchmark and end."""
    try:
        code = main()
    except UserError as error:
        print(f"{Path(sys.argv[0]).name}: {' '.join(str(error).split())}", file=sys.stderr)
        code = 2
    sys.exit(code)


def say(words: str) -> None:
    """Tell how far a benchmark is."""
    print(f"  {words}", file=sys.stderr, flush=True)


def finish(
    figures: Mapping[str, Any], options: argparse.Namespace, limits: Limits, *apart: str
) -> int:
    """Show the figures, but those that stand `apart` in tables; keep all; return the exit code."""
    print(shown({name: value for name, value in figures.items() if name not in apart}, limits))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(bool(missed(figures, limits)))


def missed(figures: Mapping[str, Any], limits: Limits) -> list[str]:
    """Return the names of the figures measured that are beyond their limits, or no number."""
    return [
        name
        for name, (least, most) in limits.items()
        if figures.get(name) is not None and not least <= figures[name] <= most
    ]


def shown(figures: Mapping[str, Any], limits: Limits) -> str:
    """Return the figures as lines, each with what is asked of it."""
    beyond, rows = missed(figures, limits), []
    for name, value in leaves(figures):
        least, most = limits.get(name, (-ANY, ANY))
        asked = f"at least {least:,}" if least > -ANY else f"at most {most:,}"
        words = asked if name in limits else ""
        rows.append([name, number(value), words + " MISSED" * (name in beyond)])
    return table(rows, right=[1])


def leaves(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the figures of all levels, each under the names that lead to it."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{before}{name}, ")
        else:
            yield before + name, value


def number(value: Any) -> str:
    """Return a figure in a few digits; what is none as it is."""
    if not isinstance(value, float):
        return f"{value:,}" if type(value) is int else f"{value!s:.60}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def alone(function: Callable[..., Any], *given: Any) -> Any:
    """Return what a function of a module returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, given)


def peak_mib() -> float:
    """Return the most memory that this process has held so far [MiB].

    Not `ru_maxrss`, which begins with what the parent held.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

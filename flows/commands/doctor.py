"""What the machine and its installation offer, and what is missing."""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
import urllib.request
from pathlib import Path

from flows.home import free_disk_gib, free_memory_gib

PROJECT, NEEDED = "dexteritygen", ("", "pipeline")  # extras without which there is no run


def examine(home: Path) -> list[tuple[str, str, str]]:
    """Return rows of (what, reading, remedy); an empty remedy means all is well."""
    rows = [
        ("python", f"{platform.python_version()} at {sys.prefix}", ""),
        ("cores", f"{len(os.sched_getaffinity(0))} of {os.cpu_count()}", ""),
        ("memory", f"{free_memory_gib():.1f} GiB free", low(free_memory_gib(), 4, "memory")),
        ("home", str(home), ""),
        ("disk", f"{free_disk_gib(home):.1f} GiB free", low(free_disk_gib(home), 2, "disk")),
        ("gpu", gpu(), ""),
    ]
    required = importlib.metadata.requires(PROJECT) or ()
    rows += [package(line) for line in required if not line.endswith('extra == "dev"')]
    return [*dict.fromkeys(rows), *services(), rendering()]


def low(free: float, needed: float, what: str) -> str:
    return "" if free >= needed else f"profile smoke needs {needed:g} GiB of free {what}"


def gpu() -> str:
    """Name the GPU by the driver's own tool: importing torch for this would take seconds."""
    import subprocess

    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "none (not needed)"
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    reading = subprocess.run(query, capture_output=True, text=True, check=False)
    return reading.stdout.strip() or "nvidia-smi answers nothing"


def package(requirement: str) -> tuple[str, str, str]:
    """Say which version of a required package there is: `torch==2.13.0; extra == "pipeline"`."""
    name = re.split(r"[^\w.-]", requirement)[0]
    extra = requirement.partition('extra == "')[2].rstrip('"')
    try:
        return name, importlib.metadata.version(name), ""
    except importlib.metadata.PackageNotFoundError:
        remedy = f"pip install -e '.[{extra}]'" if extra in NEEDED else ""
        return name, "not installed" if remedy else f"not installed (extra {extra})", remedy


def services() -> list[tuple[str, str, str]]:
    """Say which services a run would use, and whether a remote one answers."""
    rows = [
        ("registry", "embedded: MLflow on sqlite under home", ""),
        ("store", "embedded: files under home", ""),
    ]
    address = os.environ.get("PREFECT_API_URL", "")
    if not address:
        return [("prefect server", "embedded: started for each run", ""), *rows]
    alive = answers(f"{address.rstrip('/')}/health")
    remedy = "" if alive else "start it or unset PREFECT_API_URL"
    state = "answers" if alive else "does not answer"
    return [("prefect server", f"{address} {state}", remedy), *rows]


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as response:
            return response.status < 400
    except OSError:
        return False


def rendering() -> tuple[str, str, str]:
    """Say whether a headless picture can be drawn (the twin's clip; nothing else needs it)."""
    import ctypes.util

    found = [name for name in ("EGL", "OSMesa") if ctypes.util.find_library(name)]
    remedy = "" if found else "for clips: apt-get install libegl1 or libosmesa6"
    return "rendering", ", ".join(found) or "none", remedy

"""The one folder that holds a project's state: DEXGEN_HOME, by default ./var."""

import os
import shutil
import tempfile
from pathlib import Path

from configs.errors import UserError
from configs.schema.machine import Machine

GIB = 2**30
LEAST_DISK_GIB = 16 / 1024  # Prefect's database; the smoke profile's came to 5.5 MiB
RUN = "DEXGEN_RUN"  # in a run's environment and its children's: its process


def home_folder() -> Path:
    """Return the state folder, made if need be and proven writable.

    Raises:
        UserError: it cannot be made or written.
    """
    home = home_path()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=home):
            pass
    except OSError as error:
        raise UserError(
            f"DEXGEN_HOME={home}: not writable ({error.strerror}); choose another folder"
        ) from None
    return home


def home_path() -> Path:
    """Return where the state folder is; it may not be there."""
    return Path(os.environ.get("DEXGEN_HOME") or "var").absolute()  # empty: as if not set


def quiet(home: Path) -> None:
    """Set the environment of Prefect: state under home, no telemetry, little talk.

    What the user has set stays. Must run before Prefect is imported.
    """
    defaults = {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_CLI_PROMPT": "false",
        # A busy machine takes more than Prefect's 20 s to start its server.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "DO_NOT_TRACK": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    os.environ[RUN] = str(os.getpid())


def free_memory_gib() -> float:
    """Return the memory that can be had now, the container's limit counted in [GiB]."""
    import psutil

    return min(psutil.virtual_memory().available, container_memory()) / GIB


def container_memory(root: Path = Path("/sys/fs/cgroup")) -> float:
    """Return what the control group leaves us [bytes]; the page cache it can drop is free.

    Both versions of the kernel's interface are read; without a limit it is infinite.
    """
    files = {
        "memory.max": ("memory.current", "memory.stat", "inactive_file"),
        "memory/memory.limit_in_bytes": (
            "memory/memory.usage_in_bytes",
            "memory/memory.stat",
            "total_inactive_file",
        ),
    }
    for limit, (used, statistics, cache) in files.items():
        path = root / limit
        if path.exists() and path.read_text().strip().isdigit():
            rows = dict(line.split() for line in (root / statistics).read_text().splitlines())
            return int(path.read_text()) - int((root / used).read_text()) + int(rows[cache])
    return float("inf")


def free_disk_gib(home: Path) -> float:
    return shutil.disk_usage(home).free / GIB


def require_machine(machine: Machine, home: Path) -> None:
    """Refuse to start a run that the machine cannot finish.

    Raises:
        UserError: less free memory or disk than the profile needs, or than any run.
    """
    free = free_disk_gib(home)
    if free < LEAST_DISK_GIB:
        raise UserError(
            f"{home}: {1024 * free:.1f} MiB of disk are free, and Prefect's database alone takes "
            f"up to {1024 * LEAST_DISK_GIB:.0f}; free some space"
        )
    checks = (
        ("memory", machine.memory_gib, free_memory_gib(), "machine.memory_gib"),
        (f"disk in {home}", machine.disk_gib, free, "machine.disk_gib"),
    )
    for what, needed, free, key in checks:
        if free < needed:
            raise UserError(
                f"{key}: the profile needs {needed:g} GiB of free {what} and {free:.1f} GiB is "
                "free; free some, or choose a smaller profile"
            )

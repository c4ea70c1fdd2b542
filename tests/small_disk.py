"""A real file system of a few MiB: a tmpfs in a namespace of its own, gone with its process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def on_small_disk(folder: Path, size: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program, given `folder` as its argument, with a file system of `size` there.

    Skips the test where the machine lends no namespace.
    """
    command = ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here")
    if subprocess.run(
        [*command, "mount", "-t", "tmpfs", "none", str(folder)], check=False
    ).returncode:
        pytest.skip("this machine lends no mount namespace")
    script = 'mount -t tmpfs -o size="$1" none "$2" && exec "$3" -c "$4" "$2"'
    return subprocess.run(
        [*command, "sh", "-c", script, "sh", size, str(folder), sys.executable, program],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "DEXGEN_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )

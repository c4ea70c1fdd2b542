"""A disk that is full before or fills during a command: one line, a sound store; on it goes."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from configs.load import load
from configs.schema.pipeline import Config
from tasks.store.local import LocalStore
from tests.small_disk import ROOT, on_small_disk
from tests.tasks.data.committed import commit_dataset, write_episodes

# Begins a run, fills the disk when the first step is done, makes room and runs the same again.
RUN = """
import json, subprocess, sys, tempfile
from pathlib import Path

ballast = Path(sys.argv[1], "ballast")
words = ["grasps", "box", "profile=smoke", "machine.disk_gib=0.000001"]

def dexgen(*words, started=lambda line: None):
    command = [sys.executable, "-m", "flows.cli", *words]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        for line in process.stdout:
            started(line)
        code = process.wait()
        said.seek(0)
        return code, said.read()

def fill(line):
    if line.startswith("made") and not ballast.exists():
        with ballast.open("wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(4096))
            except OSError:
                pass

full = dexgen(*words, started=fill)
sound = dexgen("data", "verify")
ballast.unlink()
again = dexgen(*words)
whole = dexgen("data", "verify")
print(json.dumps({"full": full, "sound": sound, "again": again, "whole": whole}))
"""


@pytest.mark.slow
def test_a_disk_that_fills_during_a_run_is_one_line(tmp_path: Path) -> None:
    result = on_small_disk(tmp_path, "60m", RUN)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    code, said = found["full"]
    assert code == 2, said
    assert len(said.splitlines()) == 1, said
    assert str(tmp_path) in said
    assert "No space left on device" in said
    assert "free some space, and the same command goes on" in said
    assert found["sound"][0] == found["again"][0] == found["whole"][0] == 0, found


def test_no_run_begins_without_room_for_prefect(tmp_path: Path) -> None:
    program = (
        "import sys; from flows.cli import main; "
        "main(['run', 'profile=smoke', 'machine.disk_gib=0.000001'])"
    )
    result = on_small_disk(tmp_path, "3m", program)
    assert result.returncode == 2, result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert f"{tmp_path}: 3.0 MiB of disk are free" in result.stderr
    assert "free some space" in result.stderr


@pytest.mark.parametrize("limit", [20_000, 2_000])  # bytes: within the frames, within the rest
def test_an_export_beyond_the_limit_on_files_names_the_file(tmp_path: Path, limit: int) -> None:
    """A limit on the size of files stands in for a full disk; only its remedy is another."""
    layout, out = load(Config, []).embodiment.make_layout(), tmp_path / "out"
    episodes = write_episodes(tmp_path / "episodes", layout)
    commit_dataset(LocalStore(tmp_path / "home/store"), "main", episodes, "runs/a")
    program = (
        "import sys; from flows.cli import main; "
        f"main(['data', 'export', 'lerobot', 'main', {str(out)!r}])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"DEXGEN_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin"}
        | {"PYTHONDONTWRITEBYTECODE": "1"},  # the limit would cut that off too,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2, result.stderr
    (line,) = result.stderr.splitlines()
    assert str(tmp_path / ".out.unfinished") in line
    assert "File too large; raise the limit on the size of files (ulimit -f)" in line
    assert f"{out} was not made" in line
    assert not out.exists()

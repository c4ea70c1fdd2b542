"""A disk that is full before or fills during a command: one line, a sound store; on it goes."""

import json
from pathlib import Path

import pytest

from tests.small_disk import on_small_disk

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

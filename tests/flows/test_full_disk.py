"""A disk that is full before a run begins: one line."""

from pathlib import Path

from tests.small_disk import on_small_disk


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

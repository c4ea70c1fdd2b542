"""A name is there with all of its content or as it was before."""

import os
import subprocess
import sys

import pytest

from configs.files import beside, replacing, write


def test_a_file_a_folder_and_a_link_take_their_names(tmp_path):
    assert write(tmp_path / "a.txt", "text").read_bytes() == b"text"
    write(tmp_path / "a.txt", b"other")
    with replacing(tmp_path / "folder") as folder:
        folder.mkdir()
        (folder / "inside").write_text("1")
    with replacing(tmp_path / "latest") as link:
        link.symlink_to("folder")
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "folder", "latest"]
    assert (tmp_path / "a.txt").read_bytes() == b"other"
    assert (tmp_path / "latest" / "inside").read_text() == "1"


def test_what_breaks_off_leaves_the_old_content_and_nothing_beside(tmp_path):
    path = write(tmp_path / "a.txt", "old")
    with pytest.raises(ZeroDivisionError):
        _break_off(path)
    assert os.listdir(tmp_path) == ["a.txt"]
    assert path.read_text() == "old"


def test_what_a_killed_process_left_goes_and_what_a_running_one_writes_stays(tmp_path):
    path = tmp_path / "film.mp4"
    assert beside(path).suffix == ".mp4"
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    left, others = (tmp_path / f".film.mp4.{pid}.mp4" for pid in (gone.pid, os.getppid()))
    left.touch()
    others.touch()
    write(path, b"whole")
    assert not left.exists()
    assert others.exists()


def _break_off(path):
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError

"""A folder appears whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from configs.errors import UserError
from tasks.data.lerobot.new_folder import new_folder


def test_folder_appears_with_the_end(tmp_path):
    folder = tmp_path / "deep" / "out"
    with new_folder(folder) as work:
        (work / "a").mkdir()
        (work / "a/b").write_text("x")
        assert not folder.exists()
    assert (folder / "a/b").read_text() == "x"
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_what_exists_is_refused_and_kept(tmp_path, kind):
    out = tmp_path / "out"
    if kind == "folder":
        out.mkdir()
    elif kind == "file":
        out.write_text("mine")
    else:
        out.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="exists already"), new_folder(out):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_came_in_meantime_is_kept(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(UserError, match="exists already"), new_folder(out):
        out.mkdir()  # empty: a rename would replace it without a word
    assert list(out.iterdir()) == []


HOLD = """
import sys, time
from pathlib import Path
from tasks.data.lerobot.new_folder import new_folder
with new_folder(Path(sys.argv[1])) as work:
    (work / "half").write_text("x")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_what_a_kill_left_is_taken_away(tmp_path):
    out, root = tmp_path / "out", Path(__file__).parents[3]
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"writing\n"
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert not out.exists()
    with new_folder(out) as work:
        assert list(work.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

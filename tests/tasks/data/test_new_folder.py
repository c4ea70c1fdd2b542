"""A folder appears whole or not at all."""

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

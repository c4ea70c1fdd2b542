"""`dexgen data export lerobot`, from both stores; what is refused is one line and exit 2."""

import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pytest

from configs.layout import Layout
from configs.load import load
from configs.schema.pipeline import Config
from envs.episodes.manifest import read_manifest
from tasks.store.local import LocalStore
from tests.tasks.data.committed import commit_dataset, write_episodes
from tests.tasks.store.places import repository


@pytest.fixture
def layout() -> Layout:
    return load(Config, []).embodiment.make_layout()


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def export(inside, home):
    """Return a function that runs `dexgen data export lerobot`."""
    return lambda *words: inside("data", "export", "lerobot", *map(str, words), home=home)


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line with which an export is refused."""
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("dexgen: ")
    return done.stderr


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_both_stores_export_the_same(server, export, home, layout, tmp_path):
    episodes = write_episodes(tmp_path / "episodes", layout)
    commit_dataset(LocalStore(home / "store"), "main", episodes, "runs/a")
    done = export("main", tmp_path / "local")
    assert (done.returncode, done.stderr) == (0, "dexgen: note: its verdict: none yet\n")
    assert "174 / 174 frames" in done.stdout
    assert "12 episodes, 174 frames, 2 tasks" in done.stdout
    with repository(tmp_path / "other", server, presign=False) as place:
        commit_dataset(place.open(), "main", episodes, "runs/a")
        assert export("main", tmp_path / "lakefs", *place.words).returncode == 0
    assert digests(tmp_path / "local") == digests(tmp_path / "lakefs")
    assert len(digests(tmp_path / "local")) == 6


def test_what_is_not_there_or_there_already(export, home, layout, tmp_path):
    episodes = write_episodes(tmp_path / "episodes", layout)
    commit_dataset(LocalStore(home / "store"), "main", episodes, "runs/a")
    (tmp_path / "there").mkdir()
    assert "there: exists already" in refusal(export("main", tmp_path / "there"))
    assert "exists already" in refusal(export("main", "/"))
    assert "nobody" in refusal(export("nobody", tmp_path / "out"))
    assert "there is runs/a" in refusal(export("main:runs/b", tmp_path / "out"))
    (tmp_path / "file").write_text("x")
    assert "cannot be made" in refusal(export("main", tmp_path / "file/out"))
    assert "store=elsewhere" in refusal(export("main", tmp_path / "out", "store=elsewhere"))
    other = refusal(export("main", tmp_path / "out", "hand=trident"))
    assert "layout fingerprint" in other
    assert not (tmp_path / "out").exists()


def nan(episode):
    if episode["episode"][0] == 5:
        episode["command"][2, 1] = np.nan


def gap(episode):
    episode["step"][4:] += 3


def strange_style(episode):
    episode["style"][:] = 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (nan, "command: 1 values are not finite"),
        (gap, "step: frames are missing inside an episode"),
        (strange_style, "style: index 7 has no name"),
    ],
)
def test_what_the_format_cannot_hold(export, home, layout, tmp_path, change, words):
    episodes = write_episodes(tmp_path / "episodes", layout, change=change)
    commit_dataset(LocalStore(home / "store"), "main", episodes, "runs/a")
    assert words in refusal(export("main", tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


def test_a_changed_byte_is_found(export, home, layout, tmp_path):
    episodes = write_episodes(tmp_path / "episodes", layout)
    ref = commit_dataset(LocalStore(home / "store"), "main", episodes, "runs/a")
    name = list(read_manifest(episodes).shards)[-1]
    sha = LocalStore(home / "store").read(ref.version).tree[f"runs/a/{name}"].sha256
    (stored,) = (p for p in (home / "store/objects").rglob("*") if sha[4:] in p.name)
    stored.chmod(0o644)
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(content)
    assert Path(name).stem[:12] in refusal(export("main", tmp_path / "out"))
    assert not (tmp_path / "out").exists()

"""The commands that the documents print: they parse, their settings are known, and those that
only look are run on what the smoke loop left."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import trimesh

from flows.plan import STAGES
from robot.cli import main as robot_main
from tasks.running.steps import STEPS
from tests.documents import ROOT, commands, documents, is_known, name, spans

Inside = Callable[..., CompletedProcess[str]]
# They change nothing in the store but `tag`, and need nothing but a finished smoke loop.
LOOKS = ("status", "models list", "models show", "data log", "data show", "data diff", "data tag")
LOOKS += ("data docs", "data verify", "data gc", "data export lerobot")
ELSEWHERE = ("store=lakefs", "physics=gpu")  # they ask for a server, or for a GPU
PRINTED = commands("dexgen")
INLINE = [
    (name(path), span.split()[1:])
    for path in documents()
    for span in spans(path.read_text())
    if re.match(r"dexgen [a-z]+\b", span)
]


def asks(words: list[str], starts: tuple[str, ...]) -> bool:
    return f"{' '.join(words)} ".startswith(tuple(f"{start} " for start in starts))


def settings(words: list[str]) -> list[str]:
    """Return the words that set a value, but that of the option before it."""
    pairs = zip(["", *words], words, strict=False)
    return [w for last, w in pairs if "=" in w and not w.startswith("-") and last != "--turn"]


def smoke(words: list[str]) -> list[str]:
    """Return the size for a command that names none."""
    return [] if any(word.startswith("profile=") for word in words) else ["profile=smoke"]


def unique(found: list[tuple[str, list[str]]]) -> Iterator[tuple[str, list[str]]]:
    seen = set[tuple[str, ...]]()
    for document, words in found:
        if tuple(words) not in seen:
            seen.add(tuple(words))
            yield document, words


@pytest.fixture(scope="module")
def desk(smoke_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the smoke loop's home, and a mesh."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(smoke_home, folder / "var", symlinks=True)
    trimesh.creation.cylinder(radius=0.03, height=0.07).export(folder / "cup.stl")
    return folder


def test_documents_print_commands():
    assert len(PRINTED) > 20
    assert {words[0] for _, words in PRINTED} >= {"run", "grasps", "twin", "models", "data"}


def test_commands_and_options_are_there(inside: Inside, tmp_path: Path):
    for document, words in unique([*PRINTED, *INLINE]):
        options = [word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)]
        names = [word for word in words if re.fullmatch(r"[a-z]+", word)]
        if not names:
            continue  # `dexgen --help`
        told = inside(*names[:3], "--help", home=tmp_path)
        assert told.returncode == 0, f"{document}: dexgen {' '.join(words)}: {told.stderr}"
        for option in options:
            said = re.search(rf"(?<![\w-]){option}(?![\w-])", told.stdout)
            assert said, f"{document}: dexgen {' '.join(words)} has no {option}"


def test_settings_are_known():
    for document, words in unique([*PRINTED, *commands("dexgen-robot")]):
        for word in settings(words):
            if "mesh_" not in word:  # an object that the command's mesh file adds: see below
                assert is_known(word), f"{document}: dexgen {' '.join(words)}: {word}"


def test_runs_are_forecast(inside: Inside, desk: Path, monkeypatch: pytest.MonkeyPatch):
    """What a run prints is not waited for: its plan is made, at smoke size."""
    monkeypatch.chdir(desk)
    for document, words in unique(PRINTED):
        if not asks(words, ("run", *STAGES)) or any(one in words for one in ELSEWHERE):
            continue
        known = [word for word in words if word != "--dry-run"]
        found = inside(*known, *smoke(words), "--dry-run", home=desk / "var")
        assert found.returncode == 0, f"{document}: dexgen {' '.join(words)}: {found.stderr}"
        assert "steps:" in found.stdout


def test_commands_that_look_are_run(inside: Inside, desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(desk)
    count = 0
    for document, words in unique(PRINTED):
        if not asks(words, LOOKS) or any(one in words for one in ELSEWHERE):
            continue
        count += 1
        size = smoke(words) if {"docs", "export"} & {*words[:2]} else []
        told = [word.replace("~/", f"{desk}/{count}/") for word in words]
        found = inside(*told, *size, home=desk / "var")
        assert found.returncode == 0, f"{document}: dexgen {' '.join(words)}: {found.stderr}"
    assert count >= 10


def test_the_twin_is_run(smoke_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The tutorial's own words to the twin, on one short trial."""
    words = next(words for document, words in PRINTED if words[:1] == ["twin"] and words[1:])
    short = ("robot.trials.count=1", "robot.trials.seconds=1", "robot.realtime_s=0")
    left = (f"robot.pull.cache={tmp_path}", "robot.clip.file=null", "robot.figures=null")
    overrides = ["robot=twin", f"home={smoke_home}", *words[1:], *short, *left]
    assert robot_main(["run", *overrides]) == 0
    assert "hold" in capsys.readouterr().out


def test_the_readme_leads_to_every_stages_code():
    rows = re.findall(r"^\| \[`(\w+)`\]\((.+?)\)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert tuple(stage for stage, _ in rows) == STAGES
    for stage, path in rows:
        assert path == f"{STEPS[stage].module.replace('.', '/')}.py"

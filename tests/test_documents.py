"""Documents name only what is there, and are written to be read."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

from configs import reference
from configs.load import FOLDER
from configs.reference import PAGES
from tests.documents import (
    FENCE,
    ROOT,
    commands,
    documents,
    groups,
    has,
    name,
    sentences,
    spans,
)

ROOMS = r"(?:configs|models|envs|tasks|flows|robot|tests|benchmarks|docs)/[\w./*-]*[\w*/]"
EVERY = pytest.mark.parametrize("path", documents(), ids=name)


@EVERY
def test_links_lead_somewhere(path: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{name(path)}: {target}"
        assert not anchor or anchor in anchors(found), f"{name(path)}: no heading #{anchor}"


def anchors(path: Path) -> set[str]:
    """Return a document's headings as GitHub links to them."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@EVERY
def test_files_are_there(path: Path):
    for found in re.findall(rf"(?<![\w/$~.-]){ROOMS}", path.read_text()):
        assert any(ROOT.glob(found.rstrip("/"))), f"{name(path)}: {found}"


@EVERY
def test_settings_are_there(path: Path):
    for span in spans(path.read_text()):
        match = re.match(r"\+?([a-z]+(?:\.\w+)+)(=|$)", span)
        if match and match.group(1).split(".")[0] in groups() and not is_file(match.group(1)):
            assert has(groups(), match.group(1).split(".")), f"{name(path)}: {span}"


def is_file(word: str) -> bool:
    return word.endswith((".py", ".yaml", ".md", ".json"))


@EVERY
def test_variables_are_read_somewhere(path: Path):
    for found in set(re.findall(r"\b(?:DEXGEN|LAKEFS)_[A-Z_]+\b", path.read_text())):
        assert found in source(), f"{name(path)}: {found}"


@cache
def source() -> str:
    rooms = ("configs", "flows", "tasks", "robot", "tests")
    files = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    return "".join(path.read_text() for path in files if path.name != Path(__file__).name)


@EVERY
def test_extras_can_be_installed(path: Path):
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for found in re.findall(r"'\.\[([a-z,]+)\]'", path.read_text()):
        assert set(found.split(",")) <= known.keys(), f"{name(path)}: {found}"


@pytest.mark.parametrize(("document", "words"), commands("make"))
def test_make_has_the_target(document: str, words: list[str]):
    rules = (ROOT / "Makefile").read_text()
    for word in words:
        variable, is_set, _ = word.partition("=")
        wanted = rf"\$\({variable}\)" if is_set else rf"(?m)^{word}:"
        assert re.search(wanted, rules), f"{document}: make {word}"


@pytest.mark.parametrize(("document", "words"), commands(r"(?:\S*/)?python"))
def test_benchmarks_take_the_options(document: str, words: list[str]):
    if not words[0].startswith("benchmarks/"):
        return
    shared = (ROOT / "benchmarks" / "measuring.py").read_text()
    script = (ROOT / words[0]).read_text() + shared
    for word in words[1:]:
        if word.startswith("--"):
            assert f'"{word}"' in script, f"{document}: {words[0]} {word}"


def test_every_document_is_found_from_the_readme():
    waiting, seen = [ROOT / "README.md"], set[Path]()
    while waiting:
        path = waiting.pop()
        if path in seen or path.suffix != ".md":
            continue
        seen.add(path)
        files = re.findall(r"\]\(([^)#\s]+)", path.read_text())
        waiting += [(path.parent / file).resolve() for file in files if "://" not in file]
    assert set(documents()) <= seen


@cache
def pages() -> dict[str, str]:
    return reference.pages()


def test_reference_is_fresh():
    stale = [
        file
        for file, text in pages().items()
        if not (PAGES / file).is_file() or (PAGES / file).read_text() != text
    ]
    assert not stale, f"run `make reference`: {stale}"
    assert {path.name for path in PAGES.glob("*")} == pages().keys()


def test_reference_has_every_group_and_value():
    hand_made = {"robot", "profile"}
    folders = {path.parent.name for path in FOLDER.glob("*/*.yaml")}
    assert {Path(file).stem for file in pages()} - {"README"} == folders | hand_made
    control = yaml.safe_load((FOLDER / "control" / "default.yaml").read_text())
    for key, value in control.items():
        row = rf"\| `control\.{key}` \| `{value}` \| \S+ \| float > 0 \| \S.+ \| \S.+ \|"
        assert re.search(row, pages()["control.md"]), key


def test_reference_says_what_every_value_means():
    """A meaning is a phrase, not a word or two; a page's row has it in its fifth column."""
    rows = [row.split(" | ") for text in pages().values() for row in text.splitlines()]
    values = [row for row in rows if len(row) == 6 and row[0].startswith("| `")]
    assert len(values) > 500
    assert not [row[0] for row in values if len(row[4].split()) < 4 or not row[2].strip()]


@EVERY
def test_sentences_are_short(path: Path):
    found = sentences(path.read_text())
    words = [len(re.findall(r"\S*\w\S*", one)) for one in found]
    mean = sum(words) / max(len(words), 1)
    assert mean < 18, f"{name(path)}: {mean:.1f} words a sentence"
    longest = max(zip(words, found, strict=True), default=(0, ""))
    assert longest[0] <= 25, f"{name(path)}: {longest}"


@EVERY
def test_lines_are_wrapped(path: Path):
    prose = FENCE.sub("", path.read_text()).splitlines()
    long = [line for line in prose if len(line) > 100 and not line.startswith("|")]
    assert not long, f"{name(path)}: {long[:1]}"


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120

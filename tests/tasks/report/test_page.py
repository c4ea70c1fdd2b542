import json
import re
from html.parser import HTMLParser

import pytest

from tasks.report.page import PARTS, write_report
from tests.tasks.report.made_up import STAGES, clips, summary

VOID = {"meta", "wbr"}
WRITTEN = ("verdict", "calibration", "grasps", "data", "metrics")


class Outline(HTMLParser):
    """Collects headings and text, and fails on tags that do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.links: list[str | None] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)
        if "style" not in self.open:
            self.text += data + " "


def read(page) -> Outline:
    outline = Outline()
    outline.feed(page.read_text(encoding="utf-8"))
    assert outline.open == []
    return outline


def words(folder, made) -> str:
    return " ".join(read(write_report(folder, made)).text.split())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The page of a summary with every part but clips."""
    return write_report(tmp_path_factory.mktemp("whole"), summary())


def short():
    """Return a summary of one kind of command, whose page is made fast."""
    made = summary()
    name = next(iter(made["evaluation"]))
    for part in ("evaluation", "ratios", "matched"):
        made[part] = {name: made[part][name]}
    del made["one_setting_unseen"]
    return made


def test_every_part_has_its_section_in_order(tmp_path, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "no_such_library")  # films are tested by themselves
    outline = read(write_report(tmp_path / "reports" / "r1", summary() | {"clips": clips(ticks=2)}))
    assert outline.headings == [
        "One setting for all",
        "Holding against moving",
        "By object",
        "What was overridden, and by what",
        "Side by side",
        "Lineage",
        "Gates",
        "In sentences",
        "Figures",
        "Against the bare command",
        "Calibration",
        "Stages",
        "Grasps",
        "Data",
        "Recorded by the steps",
    ]
    for text in (
        "failed the release gates (hold)",
        "1 is not at least 2",
        "4,096",
        "abc123",
        "b0b",
        "12.3",
        "12 s of work in all",
        "run r1, code 0123456789ab with uncommitted changes",
        "No moving picture: this machine cannot render",
        "noisy_2.0, </script> box",
        "16 environments a cell, on capsule (held out).",
    ):
        assert text in " ".join(outline.text.split()), text
    assert "Not part of this run's report" not in outline.text


def test_the_page_opens_with_the_picture_the_result_and_the_verdict(whole):
    html = whole.read_text()
    places = [html.index(x) for x in ("<svg", "<h1>", "failed the release", "<h2>")]
    assert places == sorted(places)


def test_the_page_stands_alone(whole):
    assert read(whole).links == []
    assert not re.search(r"url\((?!#)|@import|http(?!://www\.w3\.org/)", whole.read_text())
    assert sorted(path.name for path in whole.parent.iterdir()) == [
        "index.html",
        "picture.svg",
        "summary.json",
    ]


@pytest.mark.parametrize("part", WRITTEN)
def test_a_missing_part_is_named_and_the_rest_is_there(tmp_path, part):
    made = short()
    if part in ("grasps", "metrics"):
        made[part] = {}
    else:
        del made[part]
    text = words(tmp_path, made)
    absent = [name for name in PARTS if name in (part, "clips")]
    assert f"Not part of this run's report: {', '.join(absent)}." in text
    assert "Holding against moving" in text


def test_every_kind_that_asks_for_goals_has_a_plot_in_which_the_default_is_drawn_once(whole):
    html = whole.read_text()
    shown, rest = html.split("<h2>Holding against moving")[1].split("<details>", 1)
    plots = [
        *shown.split("<figcaption>")[1:],
        *rest.split("</details>")[0].split("<figcaption>")[1:],
    ]
    assert len(plots) == 7
    assert [plot.split(":")[0] for plot in plots[:2]] == ["noisy_2.0", "correlated"]
    assert plots[0].count(">guarded</text>") == 1
    assert ">assisted</text>" not in html
    assert plots[0].startswith("noisy_2.0: uniform noise of ±2 on every joint command<")


def test_a_variant_has_one_colour_everywhere(whole):
    html = whole.read_text()
    assert html.count('tone6">●</b> <b>zero</b> the hand never moves</li>') == 1
    assert "--tone6: #66707a" in html  # on light ground
    assert "--tone6: #a3adb7" in html  # on dark ground
    assert re.search(r"fill: var\(--tone6\)[^>]*>zero</text>", html)


def test_variants_are_explained_with_the_strengths_that_they_ran_with(whole):
    text = " ".join(read(whole).text.split())
    for said in (
        "low_pass_0.2 the command averaged over 0.2 s",
        "the command times the critic's gain, neither student nor prior (share 0.3, caution 0.1)",
        "remainder: the part given back of what planning loses of the command.",
        "diffusion controller as in the paper (guidance 0.4)",
        "made motion by the prior (reading 1, gain 0.9, share 0.3, caution 0.1, guidance 0.4",
    ):
        assert said in text


def test_names_are_escaped_wherever_they_stand(tmp_path):
    bad = "<img src=x>"
    made = json.loads(json.dumps(short()).replace("noisy_2.0", bad).replace("guarded", bad))
    made |= {"run": bad, "overrides": [bad], "left_out": {bad: bad}}
    made["grasps"] = {bad: {"held": 1}}
    page = write_report(tmp_path, made)
    assert read(page).links == []
    assert "<img" not in page.read_text()
    assert "<img" not in (tmp_path / "picture.svg").read_text()


def test_summary_is_written_as_it_is_but_for_the_recordings(tmp_path):
    made = short()
    write_report(tmp_path, made | {"clips": []})
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written == made
    assert written["stages"]["train"]["seconds"] == 12.34


def test_a_run_that_broke_off_says_why_and_what_is_missing(tmp_path):
    broken = {"run": "r2", "stages": STAGES, "failure": "train: <bad> dataset"}
    broken |= {"evaluation": {}, "grasps": {}, "metrics": {}}
    outline = read(write_report(tmp_path, broken))
    assert "The run failed. train: <bad> dataset" in " ".join(outline.text.split())
    assert "This run was not evaluated." in outline.text
    assert f"Not part of this run's report: {', '.join(PARTS)}." in outline.text


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_report(tmp_path, summary() | {"bundle_hash": float("nan")})
    assert not (tmp_path / "summary.json").exists()

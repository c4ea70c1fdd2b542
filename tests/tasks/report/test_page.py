import json
from html.parser import HTMLParser

import pytest

from tasks.report.page import PARTS, write_report
from tests.tasks.report.test_page_summary import STAGES, summary

VOID = {"meta", "input", "wbr"}


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
        if not {"style", "script"} & set(self.open):
            self.text += data + " "


def read(page) -> Outline:
    outline = Outline()
    outline.feed(page.read_text(encoding="utf-8"))
    assert outline.open == []
    return outline


def words(folder, made) -> str:
    return " ".join(read(write_report(folder, made)).text.split())


def test_every_part_has_its_section_in_order(tmp_path):
    outline = read(write_report(tmp_path / "reports" / "r1", summary()))
    assert outline.headings == [
        "One setting for all",
        "Holding against moving",
        "Holding and moving",
        "By object",
        "Contacts kept",
        "Kinds of bad commands",
        "Side by side",
        "Lineage",
        "Gates",
        "In sentences",
        "Figures",
        "Against the bare command",
        "Calibration",
        "Stages",
        "Grasps",
        "Recorded by the steps",
    ]
    for text in (
        "failed the release gates (hold)",
        "1 is not at least 2",
        "4,096",
        "abc123",
        "b0b",
        "12.3",
    ):
        assert text in outline.text
    assert "Not part of this run's report" not in outline.text


def test_the_page_opens_with_the_picture_the_result_and_the_verdict(tmp_path):
    html = write_report(tmp_path, summary()).read_text()
    places = [html.index(x) for x in ('class="picture"', "<h1>", "failed the release", "<h2>")]
    assert places == sorted(places)


def test_the_page_stands_alone(tmp_path):
    page = write_report(tmp_path, summary())
    assert read(page).links == []
    assert "url(" not in page.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "index.html",
        "picture.svg",
        "summary.json",
    ]


@pytest.mark.parametrize("part", PARTS[1:])
def test_a_missing_part_is_named_and_the_rest_is_there(tmp_path, part):
    made = summary()
    del made[part]
    text = words(tmp_path, made)
    assert f"Not part of this run's report: {part}." in text
    assert "Holding and moving" in text


def test_cells_of_an_older_evaluation_still_make_a_page(tmp_path):
    made = summary()
    for cells in made["evaluation"].values():
        for cell in cells.values():
            cell.pop("hold_median_s", None), cell.pop("contacts_kept", None)
    del made["settings"]["unseen"]
    headings = read(write_report(tmp_path, made)).headings
    assert "Figures" in headings
    assert "Contacts kept" not in headings
    assert "Kinds of bad commands" not in headings


def test_every_perturbation_has_a_panel_in_which_the_default_assistance_is_drawn_once(tmp_path):
    html = write_report(tmp_path, summary()).read_text()
    panels = html.split('class="panel"')[1:]
    assert len(panels) == 10
    assert panels[0].count("<span>guarded</span>") == 1
    assert "<span>assisted</span>" not in html
    assert "noisy_2.0: uniform noise of ±2 on every joint command" in panels[0]


def test_a_variant_has_one_colour_everywhere(tmp_path):
    html = write_report(tmp_path, summary()).read_text()
    assert '<li class="tone6"><b>zero</b> the hand never moves</li>' in html
    assert '<div class="pair tone6"><span>zero</span>' in html
    assert '<circle cx="6" cy="6" r="4" class="point"/></svg><b>zero</b>' in html
    assert "--tone6" in html


def test_variants_are_explained_with_the_strengths_that_they_ran_with(tmp_path):
    text = words(tmp_path, summary())
    for said in (
        "scaled_0.2 the command times 0.2",
        "the command times the critic's gain, neither student nor prior (share 0.3, caution 0.1)",
        "remainder: the part given back of what planning loses of the command.",
        "diffusion controller as in the paper (guidance 0.4)",
        "made motion by the prior (reading 1, gain 0.9, share 0.3, caution 0.1, guidance 0.4",
    ):
        assert said in text


def test_the_code_is_named_where_it_is_known(tmp_path):
    made = summary()
    assert "run r1, code 0123456789ab with uncommitted changes" in words(tmp_path, made)
    made["code"]["dirty"] = False
    assert "uncommitted" not in words(tmp_path, made)
    del made["code"]
    assert "run r1 " in words(tmp_path, made)


def test_what_never_changed_is_a_value_and_no_curve(tmp_path):
    rows = [{"name": "validation.action", "value": 0.131, "step": i} for i in range(3)]
    made = summary() | {"metrics": {"train": rows}}
    text = write_report(tmp_path, made).read_text()
    assert 'class="curves"' not in text
    assert "0.131, the same at 3 steps" in text


def test_summary_is_written_as_it_is_but_for_the_recordings(tmp_path):
    write_report(tmp_path, summary())
    written = json.loads((tmp_path / "summary.json").read_text())
    figures = {name: part for name, part in summary().items() if name != "clips"}
    assert written == json.loads(json.dumps(figures))
    assert written["evaluation"]["clean"]["assisted"]["hold_s_high"] is None
    assert written["stages"]["train"]["seconds"] == 12.34


def test_a_run_that_broke_off_says_why_and_what_is_missing(tmp_path):
    broken = {"run": "r2", "stages": STAGES, "failure": "train: <bad> dataset", "evaluation": {}}
    outline = read(write_report(tmp_path, broken))
    assert "The run failed. train: <bad> dataset" in " ".join(outline.text.split())
    assert "This run was not evaluated." in outline.text
    assert f"Not part of this run's report: {', '.join(PARTS)}." in outline.text


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_report(tmp_path, summary() | {"bundle_hash": float("nan")})
    assert not (tmp_path / "summary.json").exists()

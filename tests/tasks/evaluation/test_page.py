import json
from html.parser import HTMLParser

import pytest

from tasks.evaluation.metrics import COUNTS, figures
from tasks.evaluation.page import write_report

VOID = {"meta", "polyline"}


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


def cell(drops, goals):
    sums = dict.fromkeys(COUNTS, 0.0) | {"time_s": 120.0, "drops": drops, "goals": goals}
    return figures(sums, 0.95)


STAGES = {
    "train": {"seconds": 12.34, "reused": False, "peak_mib": 700.0},
    "grasps": {"seconds": 0.1, "reused": True, "peak_mib": 300.0},
}


def summary():
    paper = cell(0, 7)
    table = {
        "noisy_2.0": {
            "unassisted": cell(48, 10),
            "scaled": cell(7, 6),
            "paper": paper,
            "assisted": paper,
        }
    }
    return {
        "run": "r1",
        "stages": STAGES,
        "overrides": ["profile=smoke"],
        "configuration": "c0ffee",
        "artifacts": {"train": "abc123"},
        "evaluation": table,
        "by_split": {"held_out": table, "training": table},
        "by_object": {
            "cylinder": {"split": "held_out", "evaluation": table},
            "box": {"split": "training", "evaluation": table},
            "sphere": {"split": "training", "evaluation": table},
        },
        "settings": {
            "confidence": 0.95,
            "windows": 2,
            "window_s": 10.0,
            "pairs": {"held_out": 6, "training": 2},
            "judged": "held_out",
            "objects": {"held_out": ["cylinder"], "training": ["box", "sphere"]},
            "guidance": {"paper": 0.2},
            "assisted": "paper",
            "perturbations": {"noisy_2.0": {"kind": "noise", "amplitude": 2.0}},
            "variants": {"scaled": {"kind": "direct", "gain": 0.2}},
        },
        "bundle_hash": "b0b",
        "grasps": {"box": {"held": 180, "proposed": 4096}},
        "metrics": {
            "train": [{"name": "loss", "value": 1 / (i + 1), "step": i} for i in range(5)],
            "evaluate": [{"name": "tick_ms_p50", "value": 3.4, "step": None}],
        },
        "verdict": {
            "passed": False,
            "judgements": [{"gate": "hold", "passed": False, "reason": "1 is not at least 2"}],
        },
    }


def test_every_part_has_its_section(tmp_path):
    outline = read(write_report(tmp_path / "reports" / "r1", summary()))
    assert outline.headings == [
        "Time to a drop",
        "Goals reached",
        "Figures",
        "By object",
        "Gates",
        "Stages",
        "Grasps",
        "Recorded by the steps",
        "Lineage",
    ]
    for text in ("failed its gates", "1 is not at least 2", "4,096", "abc123", "b0b", "12.3"):
        assert text in outline.text


def test_the_page_stands_alone(tmp_path):
    page = write_report(tmp_path, summary())
    assert read(page).links == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "summary.json"]


def test_the_default_assistance_is_drawn_once(tmp_path):
    text = write_report(tmp_path, summary()).read_text()
    assert text.count("<span>paper</span>") == 2  # one row in each of the two charts
    assert "<span>assisted</span>" not in text


def test_the_scaled_command_is_shown_with_its_gain(tmp_path):
    text = write_report(tmp_path, summary()).read_text()
    assert text.count("<span>scaled × 0.2</span>") == 2
    assert '<td class="text">scaled × 0.2</td>' in text


def test_each_object_is_shown_with_its_split(tmp_path):
    outline = read(write_report(tmp_path, summary()))
    names = ("cylinder, held out", "box, trained on", "all trained on")
    for text in (*names, "on cylinder (held out)", "none in 120 (32.5–∞)", "≥\u00a032.5"):
        assert text in outline.text


def test_the_assumption_behind_both_intervals_is_said(tmp_path):
    text = " ".join(read(write_report(tmp_path, summary())).text.split())
    assert "take drops and goals for Poisson processes" in text
    assert "paper ran with guidance 0.2" in text


def test_what_never_changed_is_a_value_and_no_curve(tmp_path):
    rows = [{"name": "validation.action", "value": 0.131, "step": i} for i in range(3)]
    made = summary() | {"metrics": {"train": rows}}
    text = write_report(tmp_path, made).read_text()
    assert "polyline" not in text.split("</style>")[1]
    assert "0.131, the same at 3 steps" in text


def test_summary_is_written_as_it_is(tmp_path):
    write_report(tmp_path, summary())
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written == json.loads(json.dumps(summary()))
    assert written["evaluation"]["noisy_2.0"]["assisted"]["hold_s_high"] is None
    assert written["stages"]["train"]["seconds"] == 12.34


def test_a_run_that_broke_off_says_why_and_what_is_missing(tmp_path):
    broken = {"run": "r2", "stages": STAGES, "failure": "train: <bad> dataset", "evaluation": {}}
    outline = read(write_report(tmp_path, broken))
    assert "The run failed. train: <bad> dataset" in " ".join(outline.text.split())
    assert "This run was not evaluated." in outline.text
    assert "Not part of this run's report: evaluation, verdict, grasps, metrics." in outline.text


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_report(tmp_path, summary() | {"bundle_hash": float("nan")})
    assert not (tmp_path / "summary.json").exists()

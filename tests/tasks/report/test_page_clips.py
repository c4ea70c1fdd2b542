import json
import re

from tasks.report.clip_script import SCRIPT
from tasks.report.clips import clips, counted, embedded
from tests.tasks.report.test_page_summary import summary


def test_every_clip_has_a_canvas_a_run_and_one_control():
    html = clips(summary())
    figures = html.split("<figure")[1:]
    assert len(figures) == 2
    for figure in figures:
        runs = re.findall(r'data-run="(\w+)"', figure)
        assert runs == ["unassisted", "guarded"]
        assert figure.count("<button") == figure.count('type="range"') == 1
        assert 'max="39"' in figure


def test_the_recordings_come_back_as_they_were():
    made = summary()
    data = re.search(r'id="clips">(.*?)</script>', clips(made), re.DOTALL)
    assert data is not None
    assert json.loads(data[1]) == made["clips"]


def test_a_title_cannot_end_the_script():
    assert "</script>" not in embedded(summary()["clips"])
    assert clips(summary()).count("</script>") == 2
    assert "</" not in SCRIPT


def test_drops_are_counted_in_words_for_readers_without_a_script():
    assert counted([0, 1, 0, 1], 20) == "2 drops in 0.2 s."
    assert counted([0, 1], 20) == "One drop in 0.1 s."
    assert counted([0] * 240, 20) == "No drop in 12 s."
    html = clips(summary())
    assert "2 drops in 2 s." in html
    assert html.count("<noscript>") == 2


def test_runs_of_unequal_length_share_a_slider_of_the_longest():
    made = summary()
    run = made["clips"][0]["runs"]["guarded"]
    made["clips"][0]["runs"]["guarded"] = {name: values[:10] for name, values in run.items()}
    assert 'max="39"' in clips(made).split("<figure")[1]


def test_a_clip_without_runs_is_an_empty_frame():
    made = summary()
    made["clips"][0]["runs"] = {}
    assert 'max="0"' in clips(made).split("<figure")[1]

"""The films on the page: of whichever hand, and one line where nothing can be rendered."""

import base64

import mujoco
import pytest

from configs.load import load
from configs.schema.pipeline import Config
from tasks.report.clips import clips, counted
from tests.tasks.report import made_up


@pytest.mark.parametrize("hand", ["allegro", "trident"])
def test_a_recording_is_a_film_of_the_hand_that_was_evaluated(hand):
    made = made_up.summary() | {"clips": made_up.clips(hand, ticks=4, fall=(1, 3))}
    palm = mujoco.MjModel.from_xml_string(made["clips"][0]["scene"]).geom("palm").size
    assert palm == pytest.approx(load(Config, [f"hand={hand}"]).hand.palm.box.half_size)
    (clip,) = clips(made)
    if clip.reason is not None and "cannot render" in clip.reason:
        pytest.skip(clip.reason)
    assert clip.reason is None
    assert b"ftyp" in base64.b64decode(clip.video.removeprefix("data:video/mp4;base64,"))[:16]
    assert [run.name for run in clip.runs] == ["unassisted", "guarded"]
    assert clip.runs[0].words.endswith("2 drops in 0.2 s.")


def test_without_graphics_the_page_has_the_reason_and_the_drops(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "no_such_library")
    (clip,) = clips(made_up.summary() | {"clips": made_up.clips(ticks=4)})
    assert clip.video == ""
    assert clip.reason is not None
    assert "cannot render" in clip.reason
    assert clip.runs[1].words.endswith("No drop in 0.2 s.")


def test_drops_are_counted_in_words():
    assert counted([0, 1, 0, 1], 20) == "2 drops in 0.2 s."
    assert counted([0, 1], 20) == "One drop in 0.1 s."
    assert counted([0] * 240, 20) == "No drop in 12 s."

import re
from xml.etree import ElementTree

from tasks.report.answers import at_equal_goals, groups_of, ratio_of
from tasks.report.picture import NARROW, WIDE, picture
from tests.tasks.report.test_page_summary import cell, summary

SVG = "{http://www.w3.org/2000/svg}"


def drawn(made, layout=WIDE):
    return ElementTree.fromstring(picture(made, layout))


def texts(root):
    return [(x.text or "").replace("\u00a0", " ") for x in root.iter(f"{SVG}text")]


def bars(root, colour):
    """Return the lengths of a variant's bars of time, group by group."""
    full = [x for x in root.iter(f"{SVG}rect") if x.get("fill") == colour]
    return [float(x.attrib["width"]) for x in full if "fill-opacity" not in x.attrib]


def test_it_is_a_whole_svg_with_its_own_ground():
    root = drawn(summary())
    assert root.tag == f"{SVG}svg"
    assert root[0].get("fill") == "#ffffff"
    assert (root[0].get("width"), root.get("width")) == ("900", "900")
    assert "href" not in picture(summary())


def test_the_headlines_perturbations_stand_in_order_with_three_answers():
    said = texts(drawn(summary()))
    order = [
        "Random noise of ±1 on every joint",
        "Random noise of ±2 on every joint",
        "Noise that drifts slowly",
        "Told to let go",
        "Good commands",
    ]
    assert [words for words in said if words in order] == order
    for words in ("command alone", "command × 0.2", "with the controller"):
        assert said.count(words) == 5


def test_the_ratio_is_large_and_goals_stand_beside_the_bars():
    said = texts(drawn(summary()))
    for words in ("8.5× longer", "(5.9–12)", "29.1 s", "4.7", "1.5", "4.4"):
        assert words in said
    assert "none asked for" in said  # a command to let go asks for no goal


def test_at_equal_goals_the_scaled_command_stands_beside_where_it_was_swept():
    for layout, said in ((WIDE, "1.3× longer (1.1–1.6)"), (NARROW, "1.3× longer (1.1–1.6)")):
        assert any(words.endswith(said) for words in texts(drawn(summary(), layout)))
    made = summary()
    assert at_equal_goals(made, "noisy_2.0", "guarded") == "no clear difference (0.70–1.2)"
    assert at_equal_goals(made, "clean", "guarded") == ""
    found = made["matched"]["correlated"]["guarded"]
    found |= {"low": 0.9}
    assert at_equal_goals(made, "correlated", "guarded") == "no clear difference (0.90–1.6)"
    found |= {"low": None, "high": None}
    assert at_equal_goals(made, "correlated", "guarded") == "1.3×, too uncertain"
    found |= {"hold_ratio": 0.5, "low": 0.4, "high": 0.8}
    assert at_equal_goals(made, "correlated", "guarded") == "2.0× shorter (0.40–0.80)"


def test_a_newcomer_is_told_what_is_seen():
    said = " ".join(texts(drawn(summary())))
    assert "Simulation: a robot hand holds an object" in said
    assert "carried to a next grasp" in said


def test_bars_are_as_long_as_their_times():
    bare, ours = bars(drawn(summary()), "#d55e00"), bars(drawn(summary()), "#009e73")
    cells = summary()["evaluation"]["noisy_2.0"]
    ratio = cells["guarded"]["hold_s"] / cells["unassisted"]["hold_s"]
    assert abs(ours[1] / bare[1] / ratio - 1) < 0.05
    other = summary()["evaluation"]["noisy_1.0"]["guarded"]["hold_s"]
    assert abs(ours[0] / ours[1] / (other / cells["guarded"]["hold_s"]) - 1) < 0.02


def test_without_a_drop_there_is_an_arrow_and_a_lower_bound_only():
    said = texts(drawn(summary()))
    assert "≥ 260 s, no drop" in said
    assert "≥ 14× longer" in said
    assert "∞" not in " ".join(said)


def test_a_ratio_is_claimed_only_where_the_interval_leaves_out_one():
    made = summary()
    ratio = made["ratios"]["noisy_2.0"]["guarded"]["hold"]
    ratio |= {"value": 1.2, "low": 0.9, "high": 1.5}
    assert ratio_of(made, "noisy_2.0", "guarded") == ("no clear difference", "0.90–1.5", 0)
    ratio |= {"value": 0.5, "low": 0.4, "high": 0.6}
    assert ratio_of(made, "noisy_2.0", "guarded")[::2] == ("2.0× shorter", -1)


def test_without_a_paired_interval_the_figures_own_intervals_decide():
    made = summary()
    made["ratios"]["noisy_2.0"]["guarded"]["hold"] |= {"low": None, "high": None}
    assert ratio_of(made, "noisy_2.0", "guarded") == ("8.5× longer", "", 1)
    del made["ratios"]
    made["evaluation"]["noisy_2.0"]["guarded"] = cell(0, 5, time_s=960.0)
    assert ratio_of(made, "noisy_2.0", "guarded") == ("longer", "", 1)
    made["evaluation"]["noisy_2.0"]["guarded"] = made["evaluation"]["noisy_2.0"]["unassisted"]
    assert ratio_of(made, "noisy_2.0", "guarded")[0] == "no clear difference"


def test_what_is_absent_is_left_out():
    made = summary()
    for cells in made["evaluation"].values():
        del cells["scaled_0.2"]
    assert "command × 0.2" not in texts(drawn(made))
    made["evaluation"] = {"absolute": made["evaluation"]["absolute"]}
    assert [group.title for group in groups_of(made)] == ["absolute"]
    assert picture({"run": "r"}) == ""


def test_on_a_phone_nothing_leaves_the_picture():
    root = drawn(summary(), NARROW)
    for x in root.iter(f"{SVG}text"):
        end = float(x.attrib["x"])
        if x.get("text-anchor") != "end":
            end += 6 * len(x.text or "")
        assert end <= 420, x.text


def test_what_it_shows_is_said_in_words():
    label = drawn(summary()).attrib["aria-label"]
    assert re.search(r"noise of ±2 .*: command alone 3\.43 s to a drop and 4\.7 goals", label)
    assert "with the controller at least 260" in label.replace("\u00a0", " ")

"""The pictures: what is written and drawn in them, and that they stand alone or follow a page."""

import re
from xml.etree import ElementTree

from tasks.report.answers import at_equal_goals, groups_of, ratio_of
from tasks.report.figures import curve
from tasks.report.picture import picture
from tasks.report.scatter import Point, scatter
from tests.tasks.report.made_up import cell, summary

SVG = "{http://www.w3.org/2000/svg}"


def read(svg):
    return ElementTree.fromstring(svg)


def texts(svg):
    return [(x.text or "").replace("\u00a0", " ") for x in read(svg).iter(f"{SVG}text")]


def spans(svg, colour):
    """Return the widths of filled shapes of a colour."""
    found = []
    for path in read(svg).iter(f"{SVG}path"):
        if f"fill: {colour}" in path.get("style", "") and "opacity" not in path.get("style", ""):
            x = [float(pair[0]) for pair in re.findall(r"([\d.]+) ([\d.]+)", path.get("d", ""))]
            found.append(max(x) - min(x))
    return found


def test_the_file_has_its_own_light_ground_and_the_pages_follows_its_scheme():
    alone, inline = picture(summary(), alone=True), picture(summary())
    assert "#ffffff" in alone
    assert "var(--tone3)" in inline
    assert not re.search("#[0-9a-f]{6}", inline)
    for svg in (alone, inline):
        assert not re.search(r'href="(?!#)', svg)
    assert picture(summary(), alone=True) == alone  # equal figures, equal bytes


def test_what_two_pictures_on_a_page_refer_to_differs():
    first, second = (
        set(re.findall(r'(?:url\(|href=")#(\w+)', curve(name, [0, 1], [1, 2], "x")))
        for name in "ab"
    )
    assert first
    assert not first & second


def test_the_headlines_perturbations_stand_in_order_with_three_answers():
    said = texts(picture(summary()))
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
    for words in ("8.5× longer (8.0–8.8)", "29.1 s", "4.7", "1.5", "4.4", "≥ 260 s"):
        assert words in said
    assert "none asked for" in said  # a command to let go asks for no goal
    assert "∞" not in " ".join(said)
    assert any(words.endswith("equal goals: 7.0× longer (6.2–8.1)") for words in said)
    assert any(words.startswith("Simulation: a robot hand holds an object") for words in said)


def test_bars_are_as_long_as_their_times():
    svg = picture(summary(), alone=True)
    bare, ours = spans(svg, "#d55e00"), spans(svg, "#009e73")
    cells = summary()["evaluation"]["noisy_2.0"]
    ratio = cells["guarded"]["hold_s"] / cells["unassisted"]["hold_s"]
    assert abs(ours[1] / bare[1] / ratio - 1) < 0.02


def test_what_it_shows_is_said_in_words():
    label = read(picture(summary())).attrib["aria-label"].replace("\u00a0", " ")
    assert re.search(r"noise of ±2 .*: command alone 3\.43 s to a drop and 4\.7 goals", label)
    assert "with the controller at least 260" in label


def test_a_difference_is_claimed_only_where_the_interval_leaves_out_one():
    made = summary()
    ratio = made["ratios"]["noisy_2.0"]["guarded"]["hold"]
    ratio |= {"value": 1.2, "low": 0.9, "high": 1.5}
    assert ratio_of(made, "noisy_2.0", "guarded") == ("no clear difference", "0.90–1.5", 0)
    ratio |= {"value": 0.5, "low": 0.4, "high": 0.6}
    assert ratio_of(made, "noisy_2.0", "guarded") == ("2.0× shorter", "0.40–0.60", -1)
    found = made["matched"]["noisy_2.0"]["guarded"]
    found |= {"hold_ratio": 0.9, "low": 0.7, "high": 1.2}
    assert at_equal_goals(made, "noisy_2.0", "guarded") == "no clear difference (0.70–1.2)"
    found |= {"hold_ratio": 0.5, "low": 0.4, "high": 0.8}
    assert at_equal_goals(made, "noisy_2.0", "guarded") == "2.0× shorter (0.40–0.80)"
    del made["matched"]["noisy_2.0"]
    assert at_equal_goals(made, "noisy_2.0", "guarded") == ""


def test_what_is_absent_is_left_out():
    made = summary()
    for cells in made["evaluation"].values():
        del cells["scaled_0.2"]
    assert "command × 0.2" not in texts(picture(made))
    made["evaluation"] = {"absolute": made["evaluation"]["absolute"]}
    assert [group.title for group in groups_of(made)] == ["absolute"]


def test_a_plot_names_its_points_keeps_labels_inside_and_apart():
    points = [
        Point("zero", None, "zero", cell(0, 0)),
        *(Point(name, None, name, cell(30, 30 + i)) for i, name in enumerate("abc")),
    ]
    svg = scatter("<b>", points)
    label = read(svg).attrib["aria-label"]
    assert "zero: at least 32.5 s to a drop" in label
    assert label.startswith("<b>")
    places = {}
    for x in read(svg).iter(f"{SVG}text"):
        if x.text in ("zero", "a", "b", "c"):
            places[x.text] = (float(x.attrib["x"]), float(x.attrib["y"]))
    assert len({(round(x / 6), round(y / 8)) for x, y in places.values()}) == 4
    assert all(52 < x < 428 and 10 < y < 286 for x, y in places.values())

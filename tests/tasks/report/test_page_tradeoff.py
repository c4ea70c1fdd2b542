from tasks.report.for_all import one_setting
from tasks.report.naming import family_of
from tasks.report.scatter import HEIGHT, WIDTH, Point, candidates, free, overlap, scatter
from tasks.report.tradeoff import points_of, strength_of, tradeoff
from tests.tasks.report.test_page_summary import cell, summary


def test_a_name_is_a_family_and_a_strength():
    assert (family_of("scaled_0.2"), strength_of("scaled_0.2")) == ("scaled", 0.2)
    for alone in ("critic_gain", "unassisted", "low_pass_0.2", "guarded_no_share"):
        assert (family_of(alone), strength_of(alone)) == (alone, None)


def test_the_scaled_curve_ends_with_the_bare_and_the_still_hand():
    made = summary()
    points = points_of(made["evaluation"]["noisy_2.0"], made["settings"])
    curve = {p.words: p.strength for p in points if "scaled" in (p.family, p.curve)}
    assert curve == {"unassisted": 1.0, "0.4": 0.4, "0.2": 0.2, "zero": 0.0}
    (shaped,) = [p for p in points if p.shape]
    assert shaped.family == "low_pass_0.2"


def test_one_setting_for_all_is_a_plot_and_a_table():
    html = one_setting(summary())
    assert html.count("<figure") == html.count("<table>") == 2
    assert "<b>low_pass_0.2</b> the command averaged over 0.2 s" in html
    assert "Those alone that no training saw" in html
    made = summary()
    del made["one_setting_unseen"]
    assert one_setting(made).count("<figure") == 1


def test_single_points_carry_their_names_and_curves_join_a_family():
    html = tradeoff(summary())
    assert html.count("<figure") == 2
    plot = html.split("<figure")[1]
    assert plot.count("<polyline") == 1
    for name in ("unassisted", "zero", "critic_gain", "paper", "guarded"):
        assert f">{name}</text>" in plot
    assert "scaled 0.2: 22.9 s to a drop, 1.50 goals a minute" in plot


def test_a_point_without_a_drop_is_an_arrow_at_its_lower_bound():
    points = [Point("zero", None, "zero", 5, False, cell(0, 0))]
    html = scatter("t", points)
    assert 'class="arrow"' in html
    assert "zero: at least 32.5 s to a drop" in html


def test_labels_stay_inside_and_keep_apart():
    place = free(candidates(WIDTH - 20, 100, 60, 7), [])
    assert place[2] <= WIDTH
    assert 0 < place[1] < place[3] < HEIGHT
    other = free(candidates(WIDTH - 20, 100, 60, 7), [place])
    assert overlap(place, other) == 0


def test_the_matched_table_says_what_it_cannot():
    html = tradeoff(summary())
    assert "1.61 (1.20–2.10)" in html
    assert "1.70 (no interval)" in html
    assert "0.900 (0.700–1.20), and more goals" in html
    made = summary()
    del made["matched"]
    assert "At equal goals" not in tradeoff(made)


def test_titles_are_escaped():
    assert "<b>" not in scatter("<b>", [Point("<b>", None, "<b>", 0, False, cell(3, 3))])

from tasks.evaluation.scatter import HEIGHT, WIDTH, Point, candidates, free, overlap, scatter
from tasks.evaluation.tradeoff import family_of, points_of, strength_of, tradeoff
from tests.tasks.evaluation.test_page_summary import cell, settings, summary


def test_a_name_is_a_family_and_a_strength():
    assert (family_of("guarded_0.2"), strength_of("guarded_0.2", settings())) == ("guarded", 0.2)
    for alone in ("critic_gain", "unassisted", "low_pass_0.2", "guarded_no_share"):
        assert (family_of(alone), strength_of(alone, settings())) == (alone, None)
    assert strength_of("guarded", settings()) == 0.4  # what was chosen


def test_a_familys_points_hold_the_chosen_one_once():
    points = points_of(summary(), "noisy_2.0")
    guarded = {p.strength: p.chosen for p in points if p.family == "guarded"}
    assert guarded == {0.1: False, 0.2: False, 0.4: True, 0.7: False}
    scaled = [p.strength for p in points if p.family == "scaled"]
    assert scaled == [0.1, 0.2, 0.4, 0.6, 0.8]
    assert len([p for p in points if p.family == "guarded"]) == 4


def test_a_swept_point_at_the_chosen_guidance_stays_if_another_strength_differs():
    made = summary()
    made["settings"]["sweep"]["guarded_0.4"]["share"] = 0.9
    guarded = [p for p in points_of(made, "noisy_2.0") if p.family == "guarded"]
    assert [(p.strength, p.chosen) for p in guarded if p.strength == 0.4] == [
        (0.4, True),
        (0.4, False),
    ]


def test_only_what_was_calibrated_is_ringed_and_the_others_have_a_shape_each():
    points = points_of(summary(), "noisy_2.0")
    assert {p.family for p in points if p.chosen} == {"paper", "guarded"}
    shaped = [p for p in points if p.shape]
    assert {p.family for p in shaped} == {
        "low_pass_0.2",
        "inverse_dynamics",
        "guarded_no_share",
        "share_only",
    }
    assert len({p.shape for p in shaped}) == len(shaped)
    html = tradeoff(summary())
    for words in (
        "<b>low_pass_0.2</b> the command averaged over 0.2 s",
        "<b>inverse_dynamics</b> paper at caution 1, guidance 1, without critic and prior",
        "<b>guarded_no_share</b> guarded at share 1",
        "<b>share_only</b> guarded at reading 0, caution 1, guidance 1, without student and "
        "critic and prior",
    ):
        assert words in html


def test_the_sweeps_own_cells_come_before_the_judged_ones():
    made = summary()
    made["sweep"]["noisy_2.0"]["paper"] = cell(1, 1)
    (chosen,) = [p for p in points_of(made, "noisy_2.0") if p.family == "paper" and p.chosen]
    assert chosen.cell["drops"] == 1
    del made["evaluation"]["noisy_2.0"]
    assert len(points_of(made, "noisy_2.0")) == 20


def test_single_points_carry_their_names_and_curves_join_a_family():
    html = tradeoff(summary())
    plot = html.split("<figure")[1]
    assert plot.count("<polyline") == 3  # scaled, paper, guarded
    assert plot.count('class="ring"') == 2
    for name in ("unassisted", "zero", "critic_gain"):
        assert f">{name}</text>" in plot
    assert "guarded 0.4: 21.8 s to a drop, 5.83 goals a minute" in plot


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
    assert "no scaled command reaches these goals" in html
    made = summary()
    del made["matched"]
    assert "At equal goals" not in tradeoff(made)


def test_titles_are_escaped():
    assert "<b>" not in scatter("<b>", [Point("<b>", None, "<b>", 0, False, cell(3, 3))])

from tasks.evaluation.scatter import HEIGHT, WIDTH, Point, candidates, free, overlap, scatter
from tasks.evaluation.tradeoff import family_of, points_of, strength_in, tradeoff
from tests.tasks.evaluation.test_page_summary import cell, summary


def test_a_name_is_a_family_and_a_strength():
    assert (family_of("guarded_0.2"), strength_in("guarded_0.2")) == ("guarded", 0.2)
    assert (family_of("critic_gain"), strength_in("critic_gain")) == ("critic_gain", None)
    assert strength_in("unassisted") is None


def test_a_familys_points_hold_the_chosen_one_once():
    points = points_of(summary(), "noisy_2.0")
    guarded = {p.strength: p.chosen for p in points if p.family == "guarded"}
    assert guarded == {0.1: False, 0.2: False, 0.4: True, 0.7: False}
    scaled = {p.strength: p.chosen for p in points if p.family == "scaled"}
    assert scaled == {0.1: False, 0.2: True, 0.4: False, 0.6: False, 0.8: False}
    assert len([p for p in points if p.family == "guarded"]) == 4


def test_the_sweeps_own_cells_come_before_the_judged_ones():
    made = summary()
    made["sweep"]["noisy_2.0"]["paper"] = cell(1, 1)
    (chosen,) = [p for p in points_of(made, "noisy_2.0") if p.family == "paper" and p.chosen]
    assert chosen.cell["drops"] == 1
    del made["evaluation"]["noisy_2.0"]
    assert len(points_of(made, "noisy_2.0")) == 16


def test_single_points_carry_their_names_and_curves_join_a_family():
    html = tradeoff(summary())
    plot = html.split("<figure")[1]
    assert plot.count("<polyline") == 3  # scaled, paper, guarded
    assert plot.count('class="ring"') == 3
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

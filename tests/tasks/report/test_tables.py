"""The figures as tables, and answers beside each other."""

import pytest

from tasks.report import comparisons, tables
from tests.tasks.report import made_up


def rows_of(table):
    """Return a table's head and rows as texts with plain spaces."""
    return [[cell.replace("\u00a0", " ") for cell in row] for row in (table.head, *table.rows)]


def test_without_a_drop_a_figure_is_what_was_watched():
    found = rows_of(tables.evaluation_table(made_up.summary()))
    (guarded,) = [row for row in found if row[1] == "guarded" and row[-3] == "0"]
    assert guarded[2] == "none in 960 (260–∞)"
    assert [row[0] for row in found if row[0]] == ["perturbation", *made_up.PERTURBATIONS]


def test_the_default_assistance_is_named_with_its_strengths():
    settings = made_up.settings()
    assert tables.default_of(settings) == (
        "The default assistance is guarded (reading 1, gain 0.9, share 0.3, caution 0.1, "
        "guidance 0.4, remainder 1)."
    )
    settings["assisted"] = None
    assert tables.default_of(settings) == "No variant is the bundle's default assistance."


def test_ratios_have_a_column_a_variant_and_a_row_a_perturbation():
    made = tables.ratios(made_up.summary())
    assert [table.title.lower() for table in made] == list(tables.RATIOS.values())
    found = rows_of(made[0])
    assert found[0][1:4] == ["guarded", "paper", "scaled_0.4"]
    assert found[1][:3] == ["noisy_2.0", "8.48 (8.01–8.80)", "2.92 (2.88–2.95)"]
    assert len(found) == 1 + len(made_up.PERTURBATIONS)
    assert rows_of(made[-1])[0][1:4] == ["unassisted", "guarded", "paper"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "–"),
        ({"value": None, "low": None, "high": None}, "–"),
        ({"value": 2.0, "low": None, "high": None}, "2.00 (no interval)"),
        ({"value": 2.0, "low": 1.0, "high": 3.0}, "2.00 (1.00–3.00)"),
    ],
)
def test_a_ratio_is_as_open_as_its_interval(cell, text):
    assert tables.ratio(cell) == text


def test_each_object_is_shown_with_its_split():
    for table in tables.by_object(made_up.summary()):
        found = rows_of(table)
        titles = ["capsule, held out", "box, trained on", "sphere, trained on", "all trained on"]
        assert [row[0] for row in found if row[0]] == ["object", *titles]
        assert found[0][2:5] == ["unassisted", "guarded", "paper"]
    times = rows_of(tables.by_object(made_up.summary())[0])
    assert "none in 960 (260–∞)" in next(row for row in times if row[1] == "clean")
    said = tables.each_of(made_up.settings())
    assert "16 for an object held out, 6 for an object trained on" in said


def test_each_kind_says_what_changed_it_and_what_was_believed():
    made = made_up.summary()
    table = tables.overriding(made)
    assert table is not None
    assert table.rows[7] == ["close_hand", "unseen", "0%", "0.42%", "50%", "98%", "0%"]
    assert table.rows[0][1] == ""
    for cells in made["evaluation"].values():
        cells["assisted"]["trust"] = None  # nobody was asked
    assert tables.overriding(made) is None


def test_the_matched_table_says_where_no_scaled_command_has_such_goals():
    made = made_up.summary()
    made["matched"]["noisy_2.0"]["guarded"] |= {"hold_ratio": 0.9, "low": 0.7, "high": 1.2}
    made["matched"]["noisy_2.0"]["guarded"]["reached"] = False
    found = rows_of(comparisons.matched(made))
    assert found[1][-1] == "0.900 (0.700–1.20), and more goals"
    assert "more goals" not in found[2][-1]


def test_one_setting_for_all_is_a_plot_and_a_table_each_for_all_and_for_the_unseen():
    plots, made, keys = comparisons.one_setting(made_up.summary())
    titles = ["All kinds of commands", "Those alone that no training saw"]
    assert [plot.title for plot in plots] == [table.title for table in made] == titles
    (low_pass,) = [key for key in keys if key.name == "low_pass_0.2"]
    assert low_pass.words == "the command averaged over 0.2 s"
    assert low_pass.sign != keys[0].sign  # it shares its colour, so it has a shape of its own
    guarded = next(row for row in rows_of(made[0]) if row[0] == "guarded")
    assert guarded[3] == tables.ratio(made_up.summary()["one_setting"]["vs_scaled"])


def test_the_scaled_curve_ends_with_the_bare_and_the_still_hand():
    made = made_up.summary()
    points = comparisons.points_of(made["evaluation"]["noisy_2.0"], made["settings"])
    curve = {p.words: p.strength for p in points if "scaled" in (p.family, p.curve)}
    assert curve == {"unassisted": 1.0, "0.4": 0.4, "0.2": 0.2, "zero": 0.0}
    for name in ("critic_gain", "unassisted", "low_pass_0.2", "guarded_no_share"):
        assert comparisons.strength_of(name) is None


def test_contacts_kept_are_figures_where_fingers_were_withdrawn_only_be_they_none():
    found = rows_of(tables.evaluation_table(made_up.summary()))
    place = found[0].index("contacts kept")
    kept = {row[1]: row[place] for row in found if row[place] not in ("\u2013", "contacts kept")}
    assert list(kept) == ["unassisted", "guarded", "paper", *list(made_up.VARIANTS)[1:6]]
    assert (kept["unassisted"], kept["guarded"]) == ("0", "0.700")

"""The table of what was overridden, and by what."""

from tasks.report.overriding import overriding


def test_each_kind_says_what_changed_it_and_what_was_believed():
    cell = {
        "overridden": {"reading": 0.5, "critic": 0.0042, "prior": 0.0},
        "trust": 0.98,
        "intention": 0.7,
    }
    nobody = {"overridden": {"reading": None, "critic": None, "prior": None}, "trust": None}
    summary = {
        "settings": {"unseen": ["kicks"]},
        "evaluation": {"kicks": {"assisted": cell}, "clean": {"assisted": nobody}},
    }
    table = overriding(summary)
    assert table is not None
    assert table.rows == [["kicks", "unseen", "50%", "0.42%", "0%", "98%", "70%"]]
    del summary["evaluation"]["kicks"]
    assert overriding(summary) is None

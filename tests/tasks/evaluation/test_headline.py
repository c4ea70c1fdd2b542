import pytest

from tasks.evaluation.headline import comparison, describe, headline, number
from tasks.evaluation.metrics import COUNTS, figures


def cell(drops, goals=6, time_s=120.0):
    sums = dict.fromkeys(COUNTS, 0.0) | {"time_s": time_s, "drops": drops, "goals": goals}
    return figures(sums, 0.95)


def report(**cells):
    return {
        "evaluation": {"noisy_2.0": cells},
        "settings": {
            "confidence": 0.95,
            "perturbations": {"noisy_2.0": {"kind": "noise", "amplitude": 2.0}},
            "variants": {"scaled": {"kind": "direct", "gain": 0.2}},
        },
    }


def test_the_first_sentence_is_the_result():
    cells = {"unassisted": cell(48, 4), "scaled": cell(12), "assisted": cell(6, 5)}
    lines = [line.replace("\u00a0", " ") for line in headline(report(**cells))]
    assert "20.0 s with the controller and 2.50 s without, 8.0 times as long" in lines[0]
    assert "2.50 instead of 2.00 goals a minute" in lines[0]  # a hand that only holds shows
    assert "uniform noise of ±2 " in lines[0]
    assert "longer, beyond both intervals" in lines[1]
    assert "scaled by 0.2 holds for 10.0 s" in lines[3]


@pytest.mark.parametrize(
    ("ours", "other", "words"),
    [(2, 40, "longer"), (40, 2, "shorter"), (5, 6, "not told apart"), (0, 1, "not told apart")],
)
def test_a_difference_is_claimed_only_beyond_the_intervals(ours, other, words):
    assert comparison(cell(ours), cell(other)).startswith(words)


def test_a_hand_that_never_drops_has_no_upper_bound():
    assert "–∞\u00a0s with" in headline(report(unassisted=cell(48), assisted=cell(0)))[1]


def test_equal_goals_are_said_once():
    line = headline(report(unassisted=cell(40, 6), assisted=cell(2, 6)))[0]
    assert line.endswith("and reaches 3.00 goals a minute either way.")


def test_without_a_pair_to_compare_nothing_is_claimed():
    assert "no pair" in headline(report(unassisted=cell(3)))[0]


def test_numbers_are_short():
    values = (0.0, 0.20833, 2.5, 17.123, 123.4, 12345.0, None)
    texts = ["0", "0.208", "2.50", "17.1", "123", "12,345", "∞"]
    assert [number(value) for value in values] == texts


def test_an_unknown_perturbation_goes_by_its_name():
    assert describe("open_hand", {}) == "open_hand"

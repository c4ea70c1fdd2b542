"""The decision, gate by gate, against outcomes worked by hand."""

import math

import pytest

from configs.schema.promote import Gate
from tasks.registry.decide import decide, find

REPORT = {
    "evaluation": {
        "noisy_1.0": {
            "assisted": {"hold_s": 6.0, "hold_s_high": None},
            "unassisted": {"hold_s": 4.0},
            "broken": {"hold_s": math.nan},
            "endless": {"hold_s": math.inf},
        }
    },
    "flag": True,
}
CHAMPION = {"evaluation": {"noisy_1.0": {"assisted": {"hold_s": 5.0}}}}
HOLD = "evaluation.noisy_1.0.assisted.hold_s"
BARE = "evaluation.noisy_1.0.unassisted.hold_s"


def gate(metric: str, comparison: str, threshold: float, relative_to: str | None = None) -> Gate:
    return Gate(
        metric=metric,
        comparison=comparison,  # type: ignore[arg-type]
        threshold=threshold,
        relative_to=relative_to,
        why="a test",
    )


@pytest.mark.parametrize(
    ("one", "passed"),
    [
        (gate(HOLD, "at_least", 6.0), True),
        (gate(HOLD, "at_least", 6.1), False),
        (gate(HOLD, "at_most", 6.0), True),
        (gate(HOLD, "at_most", 5.9), False),
        (gate(HOLD, "at_least", 1.5, BARE), True),  # 6.0 >= 1.5 x 4.0
        (gate(HOLD, "at_least", 1.51, BARE), False),
        (gate(HOLD, "at_most", 1.4, BARE), False),
        (gate(HOLD, "at_least", 1.2, f"champion.{HOLD}"), True),  # 6.0 >= 1.2 x 5.0
        (gate(HOLD, "at_least", 1.3, f"champion.{HOLD}"), False),
        (gate("evaluation.noisy_1.0.broken.hold_s", "at_least", 0.0), False),
        (gate("evaluation.noisy_1.0.broken.hold_s", "at_most", 9.0), False),
        (gate("evaluation.noisy_1.0.endless.hold_s", "at_least", 0.0), False),
        (gate("evaluation.noisy_1.0.assisted.hold_s_high", "at_least", 0.0), False),
        (gate("evaluation.noisy_2.0.assisted.hold_s", "at_most", 9.0), False),
        (gate("evaluation.noisy_1.0.assisted", "at_most", 9.0), False),
        (gate("flag", "at_least", 0.0), False),
        (gate(HOLD, "at_least", 0.0, "evaluation.noisy_1.0.broken.hold_s"), False),
        (gate(HOLD, "at_least", 0.0, "evaluation.absent"), False),
        (gate(HOLD, "at_least", 0.0, f"champion.{BARE}"), False),
        (gate("evaluation.noisy_1.0.assisted", "finite", 0.0), True),  # null: no such figure
        (gate("evaluation", "finite", 0.0), False),
        (gate("evaluation", "finite", 1.0), False),
        (gate("evaluation", "finite", 2.0), True),  # NaN and infinity
        (gate("evaluation.absent", "finite", 9.0), False),
    ],
)
def test_each_gate_by_hand(one: Gate, passed: bool) -> None:
    assert decide(REPORT, CHAMPION, {"g": one}).passed is passed


def test_a_gate_on_the_champion_holds_while_there_is_none() -> None:
    verdict = decide(REPORT, None, {"g": gate(HOLD, "at_least", 9.0, f"champion.{HOLD}")})
    assert verdict.passed
    assert verdict.judgements[0].reason == "there is no champion to compare with"


SETTINGS = {"windows": 3, "seed": 0, "guidance": {"paper": 0.2}, "assisted": "paper"}


@pytest.mark.parametrize(
    ("settings", "compared"),
    [
        (SETTINGS, True),
        (SETTINGS | {"guidance": {"paper": 0.5}, "assisted": None}, True),  # the model's own
        (SETTINGS | {"gain": {"guarded": 0.5}, "caution": {"paper": 0.1}}, True),
        (SETTINGS | {"windows": 4}, False),
        (SETTINGS | {"perturbations": {}}, False),
        ({"windows": 3}, False),
        ({}, False),
    ],
)
def test_a_champion_measured_otherwise_is_not_compared(settings: dict, compared: bool) -> None:
    champion = CHAMPION | {"settings": settings}
    gates = {"g": gate(HOLD, "at_least", 9.0, f"champion.{HOLD}")}
    (judgement,) = decide(REPORT | {"settings": SETTINGS}, champion, gates).judgements
    assert judgement.passed is not compared
    assert ("measured otherwise" in judgement.reason) is not compared
    assert (judgement.reference is None) is not compared


def test_one_failed_gate_fails_all_and_is_named_with_value_and_limit() -> None:
    gates = {"first": gate(HOLD, "at_least", 1.0), "second": gate(HOLD, "at_least", 2.0, BARE)}
    verdict = decide(REPORT, None, gates)
    assert not verdict.passed
    (failed,) = verdict.failed
    assert (failed.gate, failed.value, failed.limit, failed.reference) == ("second", 6.0, 8.0, 4.0)
    assert failed.reason == f"{HOLD} = 6 is not at least 8 (2 x {BARE})"


def test_a_key_may_hold_dots_and_the_longest_leads() -> None:
    report = {"a": {"b": 1}, "a.b": {"c": 2}, "a.b.c": None}
    assert find(report, "a.b.c") == 2
    assert find(report, "a.b") == {"c": 2}
    assert find(report, "a.x") is None

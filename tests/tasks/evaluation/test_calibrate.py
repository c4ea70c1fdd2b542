"""The rule that chooses strengths, by hand; and the step on the tiny world."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from configs.load import load
from configs.schema.evaluate import CalibrateStep
from configs.schema.pipeline import Config
from models.strength import Strength
from tasks.evaluation.calibrate import calibrate, candidates, choose, score
from tasks.export.export import CALIBRATION, read_calibration
from tests.tasks.export.test_export import SETTINGS, publish_networks

GRID = [
    "evaluate.calibration.paper=[0.1, 0.4]",
    "evaluate.calibration.gain=[0.5, 1.0]",
    "evaluate.calibration.caution=[0.01, 0.05]",
    "evaluate.calibration.guidance=[0.1, 0.4]",
    "evaluate.calibration.share=0.3",
    "evaluate.calibration.remainder=0.25",
    "evaluate.calibration.perturbations=[noisy_2.0, open_hand]",
]


def row(name: str, clean_goals: float, score: float) -> dict:
    return {"name": name, "clean_goals": clean_goals, "score": score}


def test_the_best_score_wins_among_those_that_keep_enough_goals():
    rows = [
        row("paper", 0.89, 9.0),  # not enough
        row("paper", 0.9, 2.0),
        row("paper", 1.2, 1.0),
        row("guarded", 1.0, 5.0),  # another assistance
    ]
    assert choose(rows, "paper", 0.9) is rows[1]
    assert choose(rows, "guarded", 0.9) is rows[3]
    assert choose(rows, "paper", 0.0) is rows[0]


def test_where_none_keeps_enough_the_one_that_keeps_most_is_chosen():
    rows = [row("paper", 0.5, 9.0), row("paper", 0.7, 1.0), row("paper", 0.6, 5.0)]
    assert choose(rows, "paper", 0.9) is rows[1]


def test_every_candidate_stands_beside_the_bare_command():
    table = candidates(load(Config, GRID).evaluate)
    assert table.perturbations == ("clean", "noisy_2.0", "open_hand")
    assert table.strengths["unassisted"] is None
    found = {name: s for name, s in table.strengths.items() if s is not None}
    assert found == {
        f"paper_{g:g}": Strength(
            reading=0.0, gain=1.0, share=1.0, caution=1.0, guidance=g, remainder=0.0
        )
        for g in (0.1, 0.4)
    } | {
        f"guarded_{k:g}_{c:g}_{g:g}": Strength(
            reading=1.0, gain=k, share=0.3, caution=c, guidance=g, remainder=0.25
        )
        for k in (0.5, 1.0)
        for c in (0.01, 0.05)
        for g in (0.1, 0.4)
    }


def test_a_score_is_the_mean_log_of_goals_and_of_time_a_drop():
    """noisy: 5 goals, 2 drops: 6 / 3 = 2; open hand: 24 s, 3 drops: 6; clean goals 8 of 10."""
    evaluate = load(Config, GRID).evaluate
    table = candidates(evaluate)
    place = list(table.variants).index("guarded_0.5_0.05_0.1")
    counts = {name: np.zeros((3, len(table.variants), 2)) for name in ("drops", "goals", "time_s")}
    counts["time_s"][:2] = 60
    counts["goals"][0, 0] = [4, 6]  # the bare command's
    counts["goals"][0, place] = [8, 0]
    counts["goals"][1, place], counts["drops"][1, place] = [2, 3], [2, 0]
    counts["time_s"][2, place], counts["drops"][2, place] = [20, 4], [0, 3]
    counts["goals"][2, place] = [100, 100]  # where a command leads to a pose goals are chance
    found = score(evaluate, table, counts, "guarded_0.5_0.05_0.1")
    assert found["score"] == pytest.approx((math.log(2) + math.log(6)) / 2)
    assert found["clean_goals"] == 0.8
    assert (found["noisy_2.0"], found["open_hand"]) == (2.0, 6.0)
    assert (found["name"], found["guidance"]) == ("guarded", 0.1)
    assert (found["gain"], found["caution"]) == (0.5, 0.05)


def test_the_score_of_who_saw_neither_goal_nor_drop_is_finite():
    evaluate = load(Config, [*GRID, "evaluate.calibration.perturbations=[noisy_2.0]"]).evaluate
    table = candidates(evaluate)
    counts = {name: np.zeros((2, len(table.variants), 2)) for name in ("drops", "goals", "time_s")}
    found = score(evaluate, table, counts, "paper_0.1")
    assert (found["score"], found["clean_goals"]) == (0.0, 0.0)


@pytest.mark.parametrize("laboratory", ["trident"], indirect=True)
def test_the_step_publishes_a_choice_that_a_bundle_can_hold(laboratory):
    """It reads training objects only, and equal inputs give equal bytes."""
    world = laboratory.step.world
    config = load(Config, [f"hand={world.embodiment.hand.name}", *SETTINGS, *GRID])
    settings = replace(config.evaluate.calibration, window_s=0.5, pairs=2)
    step = CalibrateStep(
        world=world,
        evaluate=laboratory.changed(calibration=settings).evaluate,
        sampling=config.export.sampling,
        activity=config.export.activity,
        seed=3,
    )
    refs = laboratory.refs | publish_networks(config, laboratory.home)
    del refs["bundle"], refs["grasps/marble"]  # made later, and held out
    contexts = [laboratory.context(f"calibrate-{threads}", threads) for threads in (1, 2)]
    first, again = (one.open(calibrate(step, refs, one)) for one in contexts)
    assert (first / CALIBRATION).read_bytes() == (again / CALIBRATION).read_bytes()
    content = json.loads((first / CALIBRATION).read_text())
    assert len(content["rows"]) == 2 + 2 * 2 * 2
    choice = read_calibration(first)
    assert set(choice) == {"paper", "guarded"}
    assert choice["paper"].caution == 1.0
    assert choice["guarded"].caution in (0.01, 0.05)
    for name, strength in choice.items():
        best = choose(content["rows"], name, settings.least_goals)
        assert strength.guidance == best["guidance"]

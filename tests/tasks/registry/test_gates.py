"""The gates of every profile find their figures in a report of that profile."""

from typing import Any

import pytest

from configs.load import FOLDER, load
from configs.schema.pipeline import Config
from tasks.evaluation.metrics import COUNTS, figures
from tasks.registry.decide import decide

PROFILES = sorted(path.stem for path in (FOLDER / "profile").glob("*.yaml"))


def report(config: Config, drops: int) -> dict[str, Any]:
    """Return a report as the evaluation would make it, from equal counts everywhere."""
    cell = figures(dict.fromkeys(COUNTS, 10.0) | {"drops": drops}, config.evaluate.confidence)
    variants = (*config.evaluate.variants, "assisted")
    table = {name: dict.fromkeys(variants, cell) for name in config.evaluate.perturbations}
    return {
        "evaluation": table,
        "export": {"parity.target": 1e-7},
        "machine": {"tick_ms_median": 1.0, "tick_ms_p90": 1.0, "tick_ms_max": 1.0},
        "control": {"period_ms": 1e3 / config.control.hz},
    }


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("drops", [0, 7])
def test_no_gate_looks_for_what_is_not_measured(profile: str, drops: int) -> None:
    config = load(Config, [f"profile={profile}"])
    made = report(config, drops)
    for judgement in decide(made, made, config.promote.gates).judgements:
        assert "missing" not in judgement.reason, judgement
        assert "no figures" not in judgement.reason, judgement


@pytest.mark.parametrize("profile", PROFILES)
def test_a_hand_that_lets_go_is_refused(profile: str) -> None:
    config = load(Config, [f"profile={profile}"])
    made = report(config, 1)
    for cells in made["evaluation"].values():
        cells["assisted"] = cells["unassisted"] | {"hold_s": 0.1}
    assert "hold" in [one.gate for one in decide(made, None, config.promote.gates).failed]

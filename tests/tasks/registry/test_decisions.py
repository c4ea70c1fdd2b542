"""What a promotion is decided on, and which decision is shown where."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from models.approval import ApprovalError
from models.bundle import GRAPH
from tasks.registry.channel import is_released, read_channel, releases_folder
from tasks.registry.listing import latest_decision, list_models, show
from tasks.registry.locations import RegistryError
from tasks.registry.promote import promote, promote_version
from tasks.registry.rollback import rollback
from tasks.registry.settle import PromotionRefused
from tests.tasks.registry.workshop import GATES, HOLD, Workshop, gate

MILD, STRICT = {"hold": gate(HOLD, 2.0)}, {"hold": gate(HOLD, 9.0)}


def run(workshop: Workshop, mark: float, hold: float, gates: Any = None, **settings: Any) -> dict:
    refs = workshop.inputs(mark, hold, **settings)
    context = workshop.context(f"promote-{len(os.listdir(workshop.home / 'made'))}")
    made = promote(workshop.step(gates), refs, context)
    return json.loads((context.open(made) / "decision.json").read_text())


def test_changed_gates_are_not_promoted_under(workshop: Workshop) -> None:
    with pytest.raises(PromotionRefused):
        run(workshop, 1.0, 2.5)
    (file,) = (Path(show(workshop.home, 1)["folder"]) / "terms").iterdir()
    file.write_text(file.read_text().replace('"threshold": 1.5', '"threshold": 0.1'))
    with pytest.raises(RegistryError, match="is not what version 1 was judged by"):
        promote_version(workshop.home, 1, "somebody")
    file.unlink()
    with pytest.raises(RegistryError, match="is not what version 1 was judged by"):
        promote_version(workshop.home, 1, "somebody")
    assert read_channel(workshop.home) == []
    with pytest.raises(PromotionRefused):  # the run makes them good
        run(workshop, 1.0, 2.5)
    with pytest.raises(PromotionRefused):
        promote_version(workshop.home, 1, "somebody")


def test_changed_export_figures_are_not_promoted_under(workshop: Workshop) -> None:
    gates = {"parity": gate("export.parity.target", 2.0)}
    maker = workshop.context("maker-bundle-trident-1.0")
    maker.record("export.parity.target", 1.0)
    with pytest.raises(PromotionRefused, match=r"export\.parity\.target = 1 is not"):
        run(workshop, 1.0, 6.0, gates)
    (file,) = (Path(show(workshop.home, 1)["folder"]) / "terms").iterdir()
    file.write_text(file.read_text().replace('"parity.target": 1.0', '"parity.target": 3.0'))
    with pytest.raises(RegistryError, match="is not what version 1 was judged by"):
        promote_version(workshop.home, 1, "somebody")


def test_a_person_promotes_under_the_newest_gates(workshop: Workshop) -> None:
    run(workshop, 1.0, 6.0, MILD)
    run(workshop, 2.0, 7.0, MILD)
    with pytest.raises(PromotionRefused, match="is not at least 9"):
        run(workshop, 1.0, 6.0, STRICT)
    with pytest.raises(PromotionRefused, match="is not at least 9"):
        promote_version(workshop.home, 1, "somebody")
    assert len(read_channel(workshop.home)) == 2
    run(workshop, 1.0, 6.0, MILD)
    assert promote_version(workshop.home, 1, "somebody")["sequence"] == 3


def test_a_release_keeps_its_decision_beside_a_later_refusal(workshop: Workshop) -> None:
    run(workshop, 1.0, 6.0, MILD)
    with pytest.raises(PromotionRefused):
        run(workshop, 1.0, 6.0, STRICT)
    (row,) = [row for row in list_models(workshop.home) if row["model"] == "controller"]
    assert (row["releases"], row["verdict"]) == ([1], "passed")
    assert (row["latest_verdict"], row["refused_by"]) == ("refused", "hold")
    shown = show(workshop.home, 1)
    assert shown["decision"]["verdict"] == "refused"
    assert shown["decision"]["gates"][0]["threshold"] == 9.0
    assert shown["release_decision"]["verdict"] == "passed"
    assert shown["release_decision"]["gates"][0]["threshold"] == 2.0
    hashes = [shown[name]["terms_hash"] for name in ("decision", "release_decision")]
    assert {f"terms/{one}.json" for one in hashes} <= set(shown["files"])
    assert hashes[0] != hashes[1]
    file = releases_folder(workshop.home) / "000001" / "decision.json"
    file.write_text(file.read_text().replace("2.0", "1.0"))
    with pytest.raises(ApprovalError, match="is not the decision that was signed"):
        show(workshop.home, 1)


def test_a_rollback_carries_the_decision_that_it_goes_back_to(workshop: Workshop) -> None:
    run(workshop, 1.0, 6.0)
    run(workshop, 2.0, 7.0)
    rollback(workshop.home, "somebody")
    first, _, third = read_channel(workshop.home)
    assert third.decision_hash == first.decision_hash
    assert show(workshop.home, "champion")["release_decision"]["sequence"] == 1


def test_a_rollback_says_where_it_went_and_can_be_repeated(workshop: Workshop) -> None:
    bundles = [run(workshop, float(mark), 5.0 + mark)["bundle_hash"] for mark in (1, 2, 3)]
    made = rollback(workshop.home, "somebody", in_force=3)
    assert made["went_from"] == {"sequence": 3, "bundle_hash": bundles[2]}
    assert made["went_to"] == {"sequence": 2, "bundle_hash": bundles[1]}
    with pytest.raises(RegistryError, match="release 4 is in force, a rollback to bundle"):
        rollback(workshop.home, "somebody", in_force=3)
    assert len(read_channel(workshop.home)) == 4
    assert rollback(workshop.home, "somebody", in_force=4)["went_to"]["bundle_hash"] == bundles[0]


def test_the_newest_decision_is_found_passed_or_refused(workshop: Workshop) -> None:
    assert latest_decision(workshop.home) is None
    passed = run(workshop, 1.0, 6.0, MILD)
    with pytest.raises(PromotionRefused):
        run(workshop, 2.0, 2.5)
    newest = latest_decision(workshop.home)
    assert newest is not None
    assert (newest["verdict"], newest["version"]) == ("refused", 2)
    assert [row["passed"] for row in newest["gates"]] == [False, False]
    first = latest_decision(workshop.home, passed["bundle_hash"])
    assert first is not None
    assert (first["verdict"], first["sequence"]) == ("passed", 1)
    assert latest_decision(workshop.home, "f" * 64) is None
    with pytest.raises(PromotionRefused):
        run(workshop, 1.0, 6.0, STRICT)
    again = latest_decision(workshop.home, passed["bundle_hash"])
    assert again is not None
    assert again["verdict"] == "refused"


def test_a_champion_measured_otherwise_is_not_compared(workshop: Workshop) -> None:
    run(workshop, 1.0, 9.0)
    with pytest.raises(PromotionRefused, match="gate champion"):
        run(workshop, 2.0, 6.0)
    run(workshop, 3.0, 6.0, windows=4)
    shown = show(workshop.home, 3)["decision"]["gates"]
    reason = "the champion was measured otherwise (windows) and is not compared"
    assert [row["reason"] for row in shown if row["gate"] == "champion"] == [reason]


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_a_lost_release_is_made_again_under_a_new_number(workshop: Workshop, harm: str) -> None:
    run(workshop, 1.0, 6.0)
    decision = run(workshop, 2.0, 7.0, GATES)
    assert is_released(workshop.home, decision)
    folder = releases_folder(workshop.home) / "000002"
    if harm == "gone":
        folder.rename(workshop.home / "away")
    else:
        (folder / "bundle" / GRAPH).write_bytes(b"")
    assert not is_released(workshop.home, decision)
    again = run(workshop, 2.0, 7.0, GATES)
    assert (again["sequence"], is_released(workshop.home, again)) == (3, True)
    assert rollback(workshop.home, "somebody")["went_to"]["sequence"] == 1

"""What a promotion is decided on, and which decision is shown where."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from configs.errors import UserError
from flows.report import decision_of
from flows.runtime import Done
from models.approval import ApprovalError
from models.bundle import GRAPH, BundleError
from tasks.registry.channel import is_released, read_channel, releases_folder
from tasks.registry.listing import latest_decision, list_models, show
from tasks.registry.promote import promote, promote_version
from tasks.registry.rollback import rollback
from tasks.registry.settle import PromotionRefused
from tests.tasks.registry.workshop import GATES, HOLD, Workshop, gate

MILD, STRICT = {"hold": gate(HOLD, 2.0)}, {"hold": gate(HOLD, 9.0)}


@pytest.mark.parametrize(
    ("name", "before", "after", "error"),
    [
        (f"bundle/{GRAPH}", b"hold", b"hole", BundleError),
        ("evaluation.json", b"2.5", b"9.5", UserError),
        ("terms/*.json", b'"threshold": 1.5', b'"threshold": 0.1', UserError),
        ("terms/*.json", b'"parity.target": 1.0', b'"parity.target": 3.0', UserError),
    ],
)
def test_what_was_changed_after_the_registration_is_not_promoted(
    workshop: Workshop, name: str, before: bytes, after: bytes, error: type[UserError]
) -> None:
    workshop.context("maker-bundle-trident-1.0").record("export.parity.target", 1.0)
    with pytest.raises(PromotionRefused):
        workshop.run(1.0, 2.5)
    (file,) = Path(show(workshop.home, 1)["folder"]).glob(name)
    assert before in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(before, after))
    with pytest.raises(error, match=file.name):
        promote_version(workshop.home, 1, "somebody")
    file.unlink()
    with pytest.raises(error, match=file.name):
        promote_version(workshop.home, 1, "somebody")
    assert read_channel(workshop.home) == []


def test_a_run_makes_changed_gates_good(workshop: Workshop) -> None:
    parity = {"parity": gate("export.parity.target", 2.0)}
    workshop.context("maker-bundle-trident-1.0").record("export.parity.target", 1.0)
    for _ in range(2):
        with pytest.raises(PromotionRefused, match=r"export\.parity\.target = 1 is not"):
            workshop.run(1.0, 6.0, parity)
        (file,) = (Path(show(workshop.home, 1)["folder"]) / "terms").iterdir()
        file.unlink()


def test_a_person_promotes_under_the_newest_gates(workshop: Workshop) -> None:
    workshop.run(1.0, 6.0, MILD)
    workshop.run(2.0, 7.0, MILD)
    with pytest.raises(PromotionRefused, match="is not at least 9"):
        workshop.run(1.0, 6.0, STRICT)
    with pytest.raises(PromotionRefused, match="is not at least 9"):
        promote_version(workshop.home, 1, "somebody")
    assert len(read_channel(workshop.home)) == 2
    workshop.run(1.0, 6.0, MILD)
    assert promote_version(workshop.home, 1, "somebody")["sequence"] == 3


def test_a_release_keeps_its_decision_beside_a_later_refusal(workshop: Workshop) -> None:
    workshop.run(1.0, 6.0, MILD)
    with pytest.raises(PromotionRefused):
        workshop.run(1.0, 6.0, STRICT)
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


def test_a_rollback_says_where_it_went_and_can_be_repeated(workshop: Workshop) -> None:
    bundles = [workshop.run(float(mark), 5.0 + mark)["bundle_hash"] for mark in (1, 2, 3)]
    made = rollback(workshop.home, "somebody", in_force=3)
    assert made["went_from"] == {"sequence": 3, "bundle_hash": bundles[2]}
    assert made["went_to"] == {"sequence": 2, "bundle_hash": bundles[1]}
    with pytest.raises(UserError, match="release 4 is in force, a rollback to bundle"):
        rollback(workshop.home, "somebody", in_force=3)
    channel = read_channel(workshop.home)
    assert [one.decision_hash for one in channel[3:]] == [channel[1].decision_hash]
    assert show(workshop.home, "champion")["release_decision"]["sequence"] == 2
    assert rollback(workshop.home, "somebody", in_force=4)["went_to"]["bundle_hash"] == bundles[0]


def test_the_newest_decision_about_a_bundle_is_found(workshop: Workshop) -> None:
    bundle = workshop.run(1.0, 6.0, MILD)["bundle_hash"]
    with pytest.raises(PromotionRefused):
        workshop.run(2.0, 2.5)
    first = latest_decision(workshop.home, bundle)
    assert first is not None
    assert (first["verdict"], first["sequence"], first["version"]) == ("passed", 1, 1)
    with pytest.raises(PromotionRefused):
        workshop.run(1.0, 6.0, STRICT)
    again = latest_decision(workshop.home, bundle)
    assert again is not None
    assert again["verdict"] == "refused"


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_a_lost_release_is_made_again_under_a_new_number(workshop: Workshop, harm: str) -> None:
    workshop.run(1.0, 6.0)
    decision = workshop.run(2.0, 7.0, GATES)
    assert is_released(workshop.home, decision)
    folder = releases_folder(workshop.home) / "000002"
    if harm == "gone":
        folder.rename(workshop.home / "away")
    else:
        (folder / "bundle" / GRAPH).write_bytes(b"")
    assert not is_released(workshop.home, decision)
    again = workshop.run(2.0, 7.0, GATES)
    assert (again["sequence"], is_released(workshop.home, again)) == (3, True)
    assert rollback(workshop.home, "somebody")["went_to"]["sequence"] == 1


@pytest.mark.parametrize("passed", [True, False])
def test_the_report_shows_the_registrys_own_times(workshop: Workshop, passed: bool) -> None:
    """Of a refused bundle there is no artifact, and the registry's record is all there is."""
    gates = GATES | {"tick": gate("machine.tick_ms_p90", 0.0)}
    context, refs = workshop.context("promote"), workshop.inputs(1.0, 6.0 if passed else 2.5)
    done = []
    with suppress(PromotionRefused):
        ref = promote(workshop.step(gates), refs, context)
        done = [Done("promote", "promote", "i", ref, False, 1.0, 1.0)]
    evaluated = json.loads((context.open(refs["evaluation"]) / "evaluation.json").read_text())
    decision = decision_of(done, workshop.home, evaluated["bundle_hash"])
    assert decision is not None
    assert (decision["verdict"] == "passed") is passed is bool(done)
    rows = {row["gate"]: row for row in decision["gates"]}
    assert set(rows) == set(gates)
    assert rows["tick"]["value"] > 0.0
    assert decision_of([], workshop.home, "f" * 64) is None

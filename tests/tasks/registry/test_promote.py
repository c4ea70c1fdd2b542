"""Promotion, refusal, rollback and listing through the real registry and the real store."""

from pathlib import Path

import pytest

from configs.errors import UserError
from models.approval import PUBLIC_KEY, list_releases, verify_release
from models.bundle import GRAPH, open_bundle
from tasks.registry.channel import read_channel
from tasks.registry.listing import list_models, show
from tasks.registry.promote import promote, promote_version
from tasks.registry.rollback import rollback
from tasks.registry.settle import PromotionRefused
from tasks.registry.tracking import open_client
from tests.tasks.registry.workshop import BARE, GATES, HOLD, Workshop, gate


def aliases(workshop: Workshop) -> dict[str, int]:
    rows = [row for row in list_models(workshop.home) if row["model"] == "controller"]
    return {alias: row["version"] for row in rows for alias in row["aliases"]}


@pytest.mark.parametrize("hand", ["allegro", "trident"])
def test_a_version_that_passes_is_released_signed_and_whole(workshop: Workshop, hand: str) -> None:
    decision = workshop.run(1.0, 6.0, hand=hand)
    assert (decision["verdict"], decision["sequence"], decision["version"]) == ("passed", 1, 1)
    (folder,) = list_releases(workshop.home / "releases").values()
    approval = verify_release(folder, workshop.home / "keys" / PUBLIC_KEY)
    bundle = open_bundle(
        folder / "bundle", workshop.configs[hand].embodiment.make_layout(), approval.bundle_hash
    )
    assert approval.layout == bundle.layout.fingerprint()
    assert (approval.sequence, approval.rollback, approval.approver) == (1, False, "pipeline")
    assert sorted(path.name for path in folder.iterdir()) == [
        "approval.json",
        "approval.sig",
        "bundle",
        "decision.json",
    ]
    assert aliases(workshop) == {"champion": 1}


def test_the_version_says_what_made_it(workshop: Workshop) -> None:
    refs = workshop.inputs(1.0, 6.0)
    promote(workshop.step(), refs, workshop.context("promote-1"))
    shown = show(workshop.home, "champion")
    assert shown["lineage"] == {name: ref.version for name, ref in sorted(refs.items())}
    assert shown["figures"][HOLD] == 6.0
    assert shown["decision"]["gates"][0]["value"] == 6.0
    assert shown["dataset"] == refs["dataset"].version
    assert f"bundle/{GRAPH}" in shown["files"]
    expert = show(workshop.home, 1, "expert-fast")
    assert expert["figures"]["expert.hold_s"] == 3.0
    assert expert["lineage"]["grasps.box"] == refs["grasps/box"].version


def test_a_failed_gate_is_one_line_and_leaves_a_challenger(workshop: Workshop) -> None:
    workshop.run(1.0, 6.0)
    with pytest.raises(PromotionRefused) as caught:
        workshop.run(2.0, 2.5)
    message = str(caught.value)
    assert "\n" not in message
    assert (
        f"version 2 refused by gate hold: {HOLD} = 2.5 is not at least 3 (1.5 x {BARE})" in message
    )
    assert "also refused by champion" in message
    assert len(read_channel(workshop.home)) == 1
    assert aliases(workshop) == {"champion": 1, "challenger": 2}
    shown = show(workshop.home, "challenger")
    assert (shown["verdict"], shown["refused_by"]) == ("refused", "hold, champion")
    with pytest.raises(PromotionRefused, match="gate hold"):
        promote_version(workshop.home, 2, "somebody")  # a person's wish opens no gate


def test_promotion_goes_up_and_rollback_back_down(workshop: Workshop) -> None:
    for mark, hold in ((1.0, 6.0), (2.0, 7.0), (3.0, 8.0)):
        workshop.run(mark, hold)
    assert aliases(workshop) == {"champion": 3, "previous": 2}
    first = rollback(workshop.home, "somebody")
    assert (first["sequence"], first["rollback"], first["approver"]) == (4, True, "somebody")
    assert aliases(workshop) == {"champion": 2, "previous": 1}
    second = rollback(workshop.home, "somebody")
    assert second["sequence"] == 5
    channel = read_channel(workshop.home)
    assert channel[4].bundle_hash == channel[0].bundle_hash
    assert aliases(workshop) == {"champion": 1}
    with pytest.raises(UserError, match="none to go back to"):
        rollback(workshop.home, "somebody")
    assert promote_version(workshop.home, 3, "somebody")["sequence"] == 6
    assert promote_version(workshop.home, 3, "somebody")["sequence"] == 6  # is in force: no new one
    assert aliases(workshop) == {"champion": 3, "previous": 1}


def test_a_champion_of_another_layout_is_not_compared_with(workshop: Workshop) -> None:
    workshop.run(1.0, 9.0, hand="allegro")
    decision = workshop.run(2.0, 4.0, hand="trident")
    assert (decision["champion"], decision["sequence"]) == (None, 2)


def test_aliases_follow_the_channel_again(workshop: Workshop) -> None:
    workshop.run(1.0, 6.0)
    workshop.run(2.0, 7.0)
    client = open_client(workshop.home)
    client.set_registered_model_alias("controller", "champion", "1")
    client.set_registered_model_alias("controller", "challenger", "2")
    client.delete_registered_model_alias("controller", "previous")
    assert aliases(workshop) == {"champion": 2, "previous": 1}


def test_a_report_about_another_bundle_is_refused(workshop: Workshop) -> None:
    refs = workshop.inputs(1.0, 6.0) | {"bundle": workshop.inputs(2.0, 6.0)["bundle"]}
    with pytest.raises(UserError, match="evaluate this bundle"):
        promote(workshop.step(), refs, workshop.context("promote-1"))


def test_what_is_not_there_is_named(workshop: Workshop) -> None:
    with pytest.raises(UserError, match="not registered; there is none"):
        show(workshop.home, 7)
    with pytest.raises(UserError, match="nothing was released yet"):
        rollback(workshop.home, "somebody")
    empty = workshop.home / "empty"
    assert list_models(empty) == []
    with pytest.raises(UserError, match="nothing is registered"):
        show(empty, 1)


def test_equal_inputs_give_equal_artifacts_in_another_home(
    workshop: Workshop, tmp_path: Path, empty_registry: Path
) -> None:
    other = Workshop(tmp_path / "other", workshop.configs)
    other.home.mkdir()
    (other.home / empty_registry.name).write_bytes(empty_registry.read_bytes())
    timed = GATES | {"tick": gate("machine.tick_ms_p90", 0.0)}
    made = [one.run(1.0, 6.0, timed) for one in (workshop, other)]
    assert made[0] == made[1]

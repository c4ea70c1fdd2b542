"""The release channel: whole releases, numbers taken once, and only the approver's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from configs.errors import UserError
from configs.load import ConfigError
from configs.schema.pipeline import Config
from models.approval import APPROVAL, BUNDLE, SIGNATURE, Approval, ApprovalError
from models.bundle import WEIGHTS, Bundle, BundleError
from tasks.registry.channel import (
    DECISION,
    is_released,
    next_sequence,
    publish_release,
    read_channel,
    releases_folder,
    standing,
)
from tests.tasks.registry.workshop import at_once, make_bundle


def publish(home: Path, bundle: Bundle, sequence: int, **other: Any) -> Approval:
    """Release a bundle; `other` replaces what is claimed of it."""
    claims = {
        "bundle_hash": bundle.hash,
        "report_hash": "b" * 64,
        "dataset": "d",
        "approver": "somebody",
        "layout": bundle.layout.fingerprint(),
        "rollback": False,
    }
    return publish_release(home, claims | other, b"{}", bundle.folder, sequence)


@pytest.fixture
def bundle(hands: dict[str, Config], tmp_path: Path) -> Bundle:
    return make_bundle(hands["trident"], tmp_path / "made", 1.0)


def test_of_processes_at_once_one_gets_the_number(tmp_path: Path, bundle: Bundle) -> None:
    assert at_once(*4 * [lambda: publish(tmp_path, bundle, 1)]) == [0, 3, 3, 3]
    assert len(read_channel(tmp_path)) == 1
    with pytest.raises(UserError, match="release 1 was published by another"):
        publish(tmp_path, bundle, 1)
    assert os.listdir(releases_folder(tmp_path)) == ["000001"]


@pytest.mark.parametrize(
    ("claim", "error", "named"),
    [
        ({"bundle_hash": "f" * 64}, BundleError, "expected ffff"),
        ({"approver": ""}, ConfigError, "approver"),
        ({}, BundleError, WEIGHTS),  # a byte of the bundle is another
    ],
)
def test_what_is_wrong_is_not_signed(
    tmp_path: Path, bundle: Bundle, claim: dict[str, str], error: type[UserError], named: str
) -> None:
    if not claim:
        file = bundle.folder / WEIGHTS
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(error, match=named):
        publish(tmp_path, bundle, 1, **claim)
    assert read_channel(tmp_path) == []


def test_a_release_by_another_key_is_refused(tmp_path: Path, bundle: Bundle) -> None:
    ours, stranger = tmp_path / "ours", tmp_path / "stranger"
    publish(ours, bundle, 1)
    publish(stranger, bundle, 2)
    shutil.move(releases_folder(stranger) / "000002", releases_folder(ours))
    with pytest.raises(ApprovalError, match="another key"):
        read_channel(ours)


def test_a_number_is_not_used_again_when_its_release_was_lost(
    tmp_path: Path, bundle: Bundle
) -> None:
    assert next_sequence(tmp_path, []) == 1
    for number in (1, 2):
        publish(tmp_path, bundle, number)
    shutil.rmtree(releases_folder(tmp_path) / "000002")
    assert next_sequence(tmp_path, read_channel(tmp_path)) == 3
    (tmp_path / "keys" / "last_sequence").unlink()  # a kill just before it was written
    assert next_sequence(tmp_path, read_channel(tmp_path)) == 2
    (tmp_path / "keys" / "last_sequence").write_text("many")
    with pytest.raises(ApprovalError, match="is not a number"):
        next_sequence(tmp_path, [])


@pytest.mark.parametrize("harm", ["none", "folder", "approval", "signature", "decision", "bundle"])
def test_what_is_released_is_there_signed_and_whole(
    tmp_path: Path, bundle: Bundle, harm: str
) -> None:
    decision = {"sequence": 1, "bundle_hash": bundle.hash, "report_hash": "b" * 64}
    assert not is_released(tmp_path, decision)
    publish(tmp_path, bundle, 1)
    folder = releases_folder(tmp_path) / "000001"
    if harm == "folder":
        shutil.rmtree(folder)
    elif harm == "bundle":
        (folder / BUNDLE / WEIGHTS).write_bytes(b"")
    elif harm != "none":
        name = {"approval": APPROVAL, "signature": SIGNATURE, "decision": DECISION}[harm]
        (folder / name).write_bytes(b"x" * 64)
    assert is_released(tmp_path, decision) is (harm == "none")
    for other in ({"sequence": 2}, {"sequence": None}, {"bundle_hash": "f" * 64}):
        assert not is_released(tmp_path, decision | other)


def test_to_ask_for_a_release_loads_nothing_heavy() -> None:
    code = "import sys, tasks.registry.channel, tasks.registry.listing; "
    code += "print([m for m in ('torch', 'mlflow', 'prefect', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("history", "stands"),
    [
        ("", ""),
        ("A", "A"),
        ("AB", "AB"),
        ("ABa", "A"),  # a small letter is a rollback to that bundle
        ("ABCba", "A"),
        ("ABCbD", "ABD"),
        ("ABA", "ABA"),
        ("ABAb", "AB"),
        ("ABAba", "A"),
        ("AA", "A"),  # the same bundle again is nothing to go back to
        ("ABBa", "A"),
    ],
)
def test_what_stands_after_promotions_and_rollbacks(history: str, stands: str) -> None:
    channel = [
        Approval(
            format="approval-2",
            bundle_hash=letter.lower() * 64,
            report_hash="0" * 64,
            decision_hash="0" * 64,
            verdict="passed",
            dataset="d",
            approver="somebody",
            time_utc="2026-01-02T03:04:05Z",
            sequence=number,
            rollback=letter.islower(),
            layout="0" * 64,
            key="0" * 64,
        )
        for number, letter in enumerate(history, start=1)
    ]
    found = standing(channel)
    assert "".join(one.bundle_hash[0].upper() for one in found) == stands
    assert found[-1:] == channel[-1:]  # the newest release is in force, rollbacks included

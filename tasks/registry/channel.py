"""The release channel: numbered folders of signed approvals, the only truth about what runs.

MLflow's aliases follow it and never lead: an alias can be set by anybody who can write to the
database, a release only by the approver's key.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from configs.errors import UserError
from configs.files import replacing, sync, write
from configs.load import validate
from models.approval import (
    APPROVAL,
    BUNDLE,
    FORMAT,
    SIGNATURE,
    Approval,
    ApprovalError,
    encode,
    key_id,
    list_releases,
    release_name,
    sign,
    verify,
)
from models.bundle import BundleError, open_bundle
from tasks.registry.keys import approver_keys, keys_folder, releases_folder, verified
from tasks.registry.locations import database

DECISION = "decision.json"  # name in a release
LAST_SEQUENCE = "last_sequence"  # name in the folder of keys


def read_channel(home: Path) -> list[Approval]:
    """Return every release's approval, by rising sequence number, each one verified.

    Raises:
        ApprovalError: a release is not signed by this registry's key, or that key is gone.
    """
    folders = list_releases(releases_folder(home)).values()
    return [verified(home, folder) for folder in folders]


def standing(channel: Sequence[Approval]) -> list[Approval]:
    """Return the releases that still stand: the last is in force, those before it are ways back.

    A promotion adds one; a rollback takes off what stood above the bundle that it returns to,
    so two rollbacks in a row go back two bundles instead of to and fro. A new release of the
    bundle in force takes the place of the one before.
    """
    stack: list[Approval] = []
    for approval in channel:
        kept = [i for i, one in enumerate(stack) if one.bundle_hash == approval.bundle_hash]
        if approval.rollback and kept:
            del stack[kept[-1] :]
        elif kept and kept[-1] == len(stack) - 1:
            del stack[-1]
        stack.append(approval)
    return stack


def next_sequence(home: Path, channel: Sequence[Approval]) -> int:
    """Return the number of the next release: higher than every one that was ever published.

    A robot refuses another release under a number that it has seen, so a number is not used
    again when its folder was lost.
    """
    file = keys_folder(home) / LAST_SEQUENCE
    try:
        last = int(file.read_text()) if file.exists() else 0
    except ValueError:
        raise ApprovalError(
            f"{file}: is not a number; write the highest sequence number ever released"
        ) from None
    return max([last, *(approval.sequence for approval in channel)]) + 1


def read_decision(home: Path, approval: Approval) -> bytes:
    """Return the decision that a release was signed on.

    Raises:
        ApprovalError: it is missing or is not the one that was signed.
    """
    file = releases_folder(home) / release_name(approval.sequence) / DECISION
    content = file.read_bytes() if file.is_file() else b""
    if hashlib.sha256(content).hexdigest() != approval.decision_hash:
        raise ApprovalError(f"{file}: is not the decision that was signed; restore it")
    return content


def is_whole(home: Path, approval: Approval) -> bool:
    """Tell whether a release is there with every byte that its approval names."""
    folder = releases_folder(home) / release_name(approval.sequence)
    try:
        open_bundle(folder / BUNDLE, None, expected=approval.bundle_hash)
        read_decision(home, approval)
        return verified(home, folder) == approval
    except (ApprovalError, BundleError):
        return False


def is_released(home: Path, decision: Mapping[str, Any]) -> bool:
    """Tell whether the release that a decision led to is in the channel, signed and whole."""
    sequence = decision.get("sequence")
    folder = list_releases(releases_folder(home)).get(sequence or 0)
    if folder is None:
        return False
    try:
        approval = verified(home, folder)
    except ApprovalError:
        return False
    about = (approval.bundle_hash, approval.report_hash)
    return about == (decision.get("bundle_hash"), decision.get("report_hash")) and is_whole(
        home, approval
    )


def release_stands(home: Path, artifact: Path) -> bool:
    """Tell whether what a promotion did is there: a registry, and its release in the channel."""
    return database(home).exists() and is_released(
        home, json.loads((artifact / "decision.json").read_text())
    )


def publish_release(
    home: Path, claims: Mapping[str, Any], decision: bytes, bundle: Path, sequence: int
) -> Approval:
    """Sign an approval and publish it with a copy of its bundle as one release, all or nothing.

    The bundle is verified before anything is signed and again in its copy.

    Args:
        claims: what the approval says beside its number, time, key and decision.
        decision: content of decision.json, which the approval names by its hash.

    Raises:
        UserError: the number is not free any more.
        BundleError: the bundle is damaged or is not the one that is claimed.
        ConfigError: a value that no approval may have, such as an approver without a name.
    """
    open_bundle(bundle, None, expected=claims["bundle_hash"])
    private, public = approver_keys(home)
    values = {
        **claims,
        "format": FORMAT,
        "decision_hash": hashlib.sha256(decision).hexdigest(),
        "verdict": "passed",
        "time_utc": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sequence": sequence,
        "key": key_id(public),
    }
    approval = validate(Approval, values, "approval")
    content, signature = encode(approval), sign(approval, private)
    verify(content, signature, public)
    release = releases_folder(home) / release_name(sequence)
    release.parent.mkdir(parents=True, exist_ok=True)
    try:
        # The compare-and-swap: a folder cannot be renamed onto one that is not empty.
        with replacing(release) as folder:
            shutil.copytree(bundle, folder / BUNDLE, copy_function=shutil.copyfile)
            open_bundle(folder / BUNDLE, None, expected=claims["bundle_hash"])
            for name, part in ((DECISION, decision), (APPROVAL, content), (SIGNATURE, signature)):
                (folder / name).write_bytes(part)
    except OSError:
        if sequence not in list_releases(releases_folder(home)):
            raise
        raise UserError(
            f"release {sequence} was published by another promotion; run this one again"
        ) from None
    sync(releases_folder(home))
    count_up(home, sequence)
    return approval


def count_up(home: Path, sequence: int) -> None:
    """Remember a published number; a kill before this leaves it to the channel itself."""
    file = keys_folder(home) / LAST_SEQUENCE
    write(file, f"{sequence}\n")
    sync(file.parent)

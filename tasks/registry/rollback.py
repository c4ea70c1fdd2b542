"""Going back to the model before: a new approval, never an edit of an old one."""

from pathlib import Path
from typing import Any

from configs.errors import UserError
from configs.load import plain
from models.approval import BUNDLE, Approval, list_releases
from tasks.registry.channel import (
    next_sequence,
    publish_release,
    read_channel,
    read_decision,
    releases_folder,
    standing,
)
from tasks.registry.tracking import exclusive, open_client
from tasks.registry.versions import follow_channel


def rollback(home: Path, approver: str, in_force: int | None = None) -> dict[str, Any]:
    """Release the previous champion's bundle again, signed, with the next sequence number.

    Every call goes back one release. A call that was killed may have published already, so a
    caller that repeats it names the release that it goes back from: then it happens once.

    Args:
        in_force: sequence number of the release to go back from; None takes what is in force.

    Returns:
        The new approval as plain values, and under `went_from` and `went_to` the sequence and
        bundle hash of the release that was in force and of the one whose bundle is in force now.

    Raises:
        UserError: there is no earlier release to go back to, or another one is in force.
    """
    with exclusive(home):
        channel = read_channel(home)
        stack = standing(channel)
        if in_force is not None and stack and stack[-1].sequence != in_force:
            last = stack[-1]
            how = "a rollback" if last.rollback else "a promotion"
            raise UserError(
                f"rollback: release {last.sequence} is in force, {how} to bundle "
                f"{last.bundle_hash[:12]}, not release {in_force}; nothing was changed"
            )
        if len(stack) < 2:
            state = "nothing was released yet" if not stack else "one release stands"
            raise UserError(f"rollback: {state}, so there is none to go back to")
        target, source = stack[-2], stack[-1]
        kept = ("bundle_hash", "report_hash", "dataset", "layout")
        claims = {name: getattr(target, name) for name in kept}
        claims |= {"approver": approver, "rollback": True}
        decision = read_decision(home, target)
        bundle = list_releases(releases_folder(home))[target.sequence] / BUNDLE
        client = open_client(home)  # what is wrong with the database is said before a release
        number = next_sequence(home, channel)
        approval = publish_release(home, claims, decision, bundle, number)
        follow_channel(client, [*channel, approval])
        return plain(approval) | {"went_from": place(source), "went_to": place(target)}


def place(approval: Approval) -> dict[str, Any]:
    return {"sequence": approval.sequence, "bundle_hash": approval.bundle_hash}

"""Going back to the model before: a new approval, never an edit of an old one."""

from pathlib import Path
from typing import Any

from configs.load import plain
from models.approval import BUNDLE, list_releases
from tasks.registry.aliases import follow_channel
from tasks.registry.channel import (
    Draft,
    publish_release,
    read_channel,
    releases_folder,
    standing,
)
from tasks.registry.tracking import RegistryError, exclusive, open_client


def rollback(home: Path, approver: str) -> dict[str, Any]:
    """Release the previous champion's bundle again, signed, with the next sequence number.

    Returns:
        The new approval as plain values.

    Raises:
        RegistryError: there is no earlier release to go back to.
    """
    with exclusive(home):
        channel = read_channel(home)
        stack = standing(channel)
        if len(stack) < 2:
            state = "nothing was released yet" if not stack else "one release stands"
            raise RegistryError(f"rollback: {state}, so there is none to go back to")
        target = stack[-2]
        draft = Draft(
            bundle_hash=target.bundle_hash,
            report_hash=target.report_hash,
            dataset=target.dataset,
            approver=approver,
            layout=target.layout,
            rollback=True,
        )
        bundle = list_releases(releases_folder(home))[target.sequence] / BUNDLE
        approval = publish_release(home, draft, bundle, channel[-1].sequence + 1)
        follow_channel(open_client(home), [*channel, approval])
        return plain(approval)

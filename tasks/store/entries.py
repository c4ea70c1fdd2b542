"""Entries of a store's index: facts about a step that is done, and a checksum."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def write_entry(entry: Mapping[str, Any]) -> bytes:
    """Return an entry's bytes: the facts as JSON, and the sha256 of that on a line below."""
    content = json.dumps(entry, sort_keys=True).encode()
    return content + b"\n" + hashlib.sha256(content).hexdigest().encode()


def read_entry(content: bytes) -> dict[str, Any]:
    """Read what `write_entry` returned, or an entry of an older store, which has one line.

    Raises:
        ValueError: changed bytes.
    """
    body, line, check = content.rpartition(b"\n")
    if not line:
        found = json.loads(content)
        return found.get("entry", found)
    if check != hashlib.sha256(body).hexdigest().encode():
        raise ValueError("the checksum does not hold")
    return json.loads(body)

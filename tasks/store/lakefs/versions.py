"""Versions as a lakeFS repository holds them, written on a private branch and named by a tag.

A version is one or more lakeFS commits with the files of its tree under their paths and, as one
more object, its record. The tag names the first of them.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from tasks.store.lakefs.repository import Repository
from tasks.store.protocol import Blob, Commit

RECORD = ".dexgen/commit.json"  # a path that no tree has: parts of names begin with no dot
VERSION = "version."  # with the version's id: a tag

Place = tuple[str, str]  # a lakeFS ref and a path there


def write(
    repository: Repository,
    work: str,
    made: Commit,
    places: Mapping[str, Place],
    file_of: Callable[[Blob], Path],
    time_utc: str | None = None,
) -> str:
    """Make a private branch hold a version and nothing else; commit, name, return lakeFS's id.

    `places` says where to copy files from that are on this server; the others are sent from
    `file_of`. `time_utc` is when it was made, if that was elsewhere.
    """
    there = repository.objects(work)
    for path, blob in made.tree.items():
        if there.get(path) == blob.sha256:
            continue
        if path in places:
            repository.copy(work, path, *places[path])
        else:
            repository.upload(work, path, file_of(blob), blob.sha256)
    gone = there.keys() - made.tree.keys() - {RECORD}
    if gone:
        repository.delete(work, gone)
    repository.upload(work, RECORD, made.to_bytes(), made.id, time_utc)
    facts = facts_of(made) | {"dexgen_version": made.id}
    commit = repository.commit(work, made.message, facts)
    repository.create_tag(VERSION + made.id, commit)
    return commit


def facts_of(made: Commit) -> dict[str, str]:
    """Return metadata as lakeFS shows it to people and hooks: text by name."""
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in made.metadata.items()
    }

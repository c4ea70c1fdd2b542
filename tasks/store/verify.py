"""Re-hash everything that a store promises, and say what is damaged and who needs it.

Of the local store, without names, every file counts: objects and commits (reachable or not), names
in every state, index entries. Not covered, since no version depends on them: log.jsonl (times, for
people), tmp/ and damaged/ (nothing reads them), checkouts/ (links to the objects, or copies that
are hashed whenever they are opened). And what is gone with its name leaves no trace: that a branch
or an index entry was deleted cannot be seen.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tasks.store.audit import Auditor, Claim, Damage, LocalAuditor
from tasks.store.history import reached
from tasks.store.local import LocalStore
from tasks.store.protocol import Blob, Commit, Corrupt, VersionStore
from tasks.store.store import Store

MIB = 2**20


@dataclass
class Verified:
    """What was looked at, and what was found."""

    names: int = 0
    entries: int = 0
    commits: int = 0
    objects: int = 0
    bytes: int = 0
    damage: list[Damage] = field(default_factory=list)


def verify(
    store: VersionStore,
    names: Sequence[str],
    progress: Callable[[float, float, str], None],
    set_aside: bool = False,
) -> Verified:
    """Look at all that the named branches, tags or versions reach, or at all of the store.

    Nothing is changed, unless what is damaged in a local store is to be `set_aside`: then steps
    whose results need it are no longer done. Raises MissingRef for an unknown name.
    """
    assert isinstance(store, Store)
    auditor = LocalAuditor(store) if isinstance(store, LocalStore) else Auditor(store)
    named = [_claim(store, name) for name in names] or list(auditor.names())
    entries = [] if names else list(auditor.entries())
    claims, found = [*named, *entries], Verified(len(named), len(entries))
    found.damage += [Damage(claim.what, claim.reason, "") for claim in claims if claim.reason]
    commits = _commits(auditor, [claim for claim in claims if not claim.reason], found)
    objects = _hash(auditor, commits, found, progress)
    if not names:  # what is damaged of these is known already
        known = {claim.version for claim in claims}
        known |= commits.keys() | {one for commit in commits.values() for one in commit.parents}
        loose = auditor.unnamed(known, objects)
        found.damage += [Damage(what, reason, "nothing") for what, reason in loose]
    for damage in found.damage if set_aside else ():
        auditor.set_aside(damage)
    return found


def _claim(store: VersionStore, name: str) -> Claim:
    try:
        return Claim(name, store.resolve(name))
    except Corrupt as error:
        return Claim(name, "", str(error).removeprefix(f"{name}: "))


def _commits(auditor: Auditor, claims: Sequence[Claim], found: Verified) -> dict[str, Commit]:
    """Return every sound commit that is reached; note those that are not."""
    wanted = {claim.version: claim.what for claim in reversed(claims) if claim.version}
    sound: dict[str, Commit] = {}

    def parents(version: str) -> tuple[str, ...]:
        return sound[version].parents if version in sound else ()

    for version, holder in reached(wanted, parents):
        found.commits += 1
        commit = auditor.commit(version)
        if isinstance(commit, str):
            found.damage.append(Damage(f"version {version[:12]}", commit, holder))
        else:
            sound[version] = commit
    return sound


def _hash(
    auditor: Auditor,
    commits: dict[str, Commit],
    found: Verified,
    progress: Callable[[float, float, str], None],
) -> set[str]:
    """Hash every object that the commits need; note what is damaged, return the names of all."""
    users = Counter(blob.sha256 for commit in commits.values() for blob in commit.tree.values())
    needs: dict[Blob, tuple[str, str]] = {}  # the first version and path that need it
    for version, commit in commits.items():
        for path, blob in commit.tree.items():
            needs.setdefault(blob, (version, path))
    total = sum(blob.size for blob in needs)
    for blob, (version, path) in needs.items():
        reason = auditor.blob(blob, version, path)
        if reason:
            what, also = f"object {blob.sha256}", users[blob.sha256] - 1
            found.damage.append(Damage(what, reason, f"{version[:12]}:{path}", also, blob))
        found.objects += 1
        found.bytes += blob.size
        progress(found.bytes / MIB, total / MIB, "MiB")
    return {blob.sha256 for blob in needs}

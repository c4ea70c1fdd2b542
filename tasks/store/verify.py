"""Re-hash everything that a store promises, and say what is damaged and who needs it.

Of the local store, without names, every file counts: objects and commits (reachable or not), names
in every state, index entries. Not covered, since no version depends on them: log.jsonl (times, for
people), tmp/ and damaged/ (nothing reads them), checkouts/ (links to the objects, or copies that
are hashed whenever they are opened). And what is gone with its name leaves no trace: that a branch
or an index entry was deleted cannot be seen.
"""

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


@dataclass
class Need:
    """An object, the first version that needs it, and how many do."""

    blob: Blob
    version: str
    path: str
    users: int = 0


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
    needs = _needs(commits)
    _hash(auditor, needs, found, progress)
    if not names:
        damaged = {claim.version for claim in claims} | _parents(commits)
        loose = auditor.unnamed({*commits, *damaged}, set(needs))
        found.damage += [Damage(what, reason, "nothing") for what, reason in loose]
    for damage in found.damage if set_aside else ():
        auditor.set_aside(damage)
    return found


def _claim(store: VersionStore, name: str) -> Claim:
    try:
        return Claim(name, store.resolve(name))
    except Corrupt as error:
        return Claim(name, "", str(error).removeprefix(f"{name}: "))


def _parents(commits: dict[str, Commit]) -> set[str]:
    """Return what the commits name: the damaged ones among it are known already."""
    return {parent for commit in commits.values() for parent in commit.parents}


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


def _needs(commits: dict[str, Commit]) -> dict[str, Need]:
    needs: dict[str, Need] = {}
    for version, commit in commits.items():
        for path, blob in commit.tree.items():
            needs.setdefault(blob.sha256, Need(blob, version, path)).users += 1
    return needs


def _hash(
    auditor: Auditor,
    needs: dict[str, Need],
    found: Verified,
    progress: Callable[[float, float, str], None],
) -> None:
    total = sum(need.blob.size for need in needs.values())
    for sha256, need in needs.items():
        reason = auditor.blob(need.blob, need.version, need.path)
        if reason:
            needed_by = f"{need.version[:12]}:{need.path}"
            damage = Damage(f"object {sha256}", reason, needed_by, need.users - 1, need.blob)
            found.damage.append(damage)
        found.objects += 1
        found.bytes += need.blob.size
        progress(found.bytes / MIB, total / MIB, "MiB")

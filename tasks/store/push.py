"""Copy versions, names and index from the local store to a lakeFS one; ids are equal in both.

Parents go before children, versions before the names that show them, and the index last, so that
a push cut off anywhere leaves a valid store. What is there is not sent again: a version by its tag,
an object by any version that has it, a version cut off by the private branch that it was sent to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from configs.refs import Ref
from tasks.store.lakefs import TAG, LakeFSStore, facts
from tasks.store.lakefs_names import to_lakefs
from tasks.store.lakefs_repository import work_name
from tasks.store.lakefs_versions import RECORD, VERSION, Place, Versions
from tasks.store.local import LocalStore
from tasks.store.protocol import Blob, Commit, Conflict, Corrupt, MissingRef, VersionStore

MIB = 2**20
MARK_DIGITS = 32  # of a version, in the name of its private branch
Say = Callable[[float, float, str], None]


@dataclass
class Pushed:
    """What was sent, and what was there already; `refused` says which names were not moved."""

    versions: int = 0
    known: int = 0
    objects: int = 0
    bytes: int = 0
    names: int = 0
    names_known: int = 0
    entries: int = 0
    entries_known: int = 0
    refused: list[str] = field(default_factory=list)


def push(local: LocalStore, remote: VersionStore, names: Sequence[str], say: Say) -> Pushed:
    """Push what these branches, tags and versions reach, or all branches and tags.

    Raises:
        MissingRef: no such name. Corrupt: a local object is damaged or missing; nothing of its
            version is visible there.
    """
    assert isinstance(remote, LakeFSStore)
    found = Pushed()
    branches, tags = local.branches(), local.tags()
    chosen = list(names) or [*branches, *tags]
    versions = {name: _version(local, name) for name in chosen}
    entries = local.index_entries()
    commits = parents_first(local, [version for version in versions.values() if version])
    wanted = [entry for entry in entries if not names or entry["ref"]["version"] in commits]
    metrics = [entry["metrics"] for entry in wanted if "metrics" in entry]
    commits |= parents_first(local, metrics)
    _send(local, remote, commits, found, say)
    known = set(remote.repository.tags(TAG))
    for name, version in versions.items():
        if name in tags:
            _count(found, _set_tag(remote, name, version, known, found))
        elif name in branches:
            _count(found, _set_branch(local, remote, name, version, found))
    _send_index(remote, [e for e in wanted if e["ref"]["version"] in commits], found)
    return found


def parents_first(local: LocalStore, versions: Sequence[str]) -> dict[str, Commit]:
    """Return versions and their ancestors, no version before its parents."""
    ordered: dict[str, Commit] = {}
    waiting = [(version, False) for version in reversed(versions)]
    while waiting:
        version, ready = waiting.pop()
        if version in ordered:
            continue
        commit = local.read(version)
        if ready:
            ordered[version] = commit
            continue
        waiting.append((version, True))
        waiting += [(parent, False) for parent in commit.parents if parent not in ordered]
    return ordered


def _send(
    local: LocalStore, remote: LakeFSStore, commits: dict[str, Commit], found: Pushed, say: Say
) -> None:
    there = {tag.removeprefix(VERSION) for tag in remote.repository.tags(VERSION)}
    places: dict[str, Place] = {}
    for version in commits.keys() & there:
        places |= _places(commits[version])
    new = [commit for version, commit in commits.items() if version not in there]
    found.known = len(commits) - len(new)
    objects = {b.sha256: b.size for one in new for b in one.tree.values() if b.sha256 not in places}
    total, done = sum(objects.values()), 0
    begun = {name.rsplit("-", 1)[1]: name for name in remote.repository.left_behind()}

    def sent(blob: Blob) -> None:
        nonlocal done
        done += objects.pop(blob.sha256, 0)
        say(done / MIB, total / MIB, "MiB")

    sender = Versions(remote.repository, local.objects)
    for commit in new:
        missing = {blob for blob in commit.tree.values() if blob.sha256 not in places}
        for blob in missing:
            if not local.objects.intact(blob):
                raise Corrupt(f"object {blob.sha256} is damaged or missing; see `data verify`")
        mark = commit.id[:MARK_DIGITS]
        work = begun.get(mark) or work_name(mark)
        remote.repository.create_branch(work, remote.repository.root)
        at = {p: places[blob.sha256] for p, blob in commit.tree.items() if blob.sha256 in places}
        sender.send(work, commit, at, facts(commit.metadata), sent)
        remote.repository.delete_branch(work)
        require_equal(remote, commit)
        places |= _places(commit)
        found.versions += 1
        found.objects += len(missing)
        found.bytes += sum(blob.size for blob in missing)


def require_equal(remote: LakeFSStore, commit: Commit) -> None:
    """Read a version back: its record, and the hash of every file that lakeFS holds for it.

    Raises:
        Corrupt: it is not what was sent.
    """
    held = remote.repository.objects(VERSION + commit.id)
    held.pop(RECORD, None)
    wanted = {path: blob.sha256 for path, blob in commit.tree.items()}
    if remote.read(commit.id).to_bytes() != commit.to_bytes() or held != wanted:
        raise Corrupt(f"version {commit.id[:12]}: differs in {remote.repository.place}")


def _set_tag(remote: LakeFSStore, tag: str, version: str, known: set[str], found: Pushed) -> bool:
    try:
        remote.tag(tag, version)
    except Conflict as error:
        found.refused.append(str(error))
    return TAG + to_lakefs(tag) not in known


def _set_branch(
    local: LocalStore, remote: LakeFSStore, branch: str, version: str, found: Pushed
) -> bool:
    """Move a branch there to where it is here, if that loses nothing; tell whether it moved."""
    head = remote.versions.head(branch)
    if head is not None and (head.version == version or not version):
        return False
    if head is None and not version:
        remote.branch(branch, None)
        return True
    if head is None and branch != "main":
        remote.branch(branch, version)
        return True
    # By a merge, so that the hooks of `main` judge it. It makes no version of its own: what is
    # there is an ancestor.
    if head is None or not head.version or _holds(local, version, head.version):
        remote.merge(version, branch)
        return True
    if not _holds(remote, head.version, version):
        found.refused.append(
            f"branch {branch}: is at {head.version[:12]} there, which {version[:12]} does not hold;"
            f" merge there: dexgen data merge {version[:12]} --into {branch} store=lakefs"
        )
    return False


def _holds(store: VersionStore, version: str, ancestor: str) -> bool:
    try:
        return any(commit.id == ancestor for commit in store.log(version))
    except MissingRef:
        return False


def _send_index(remote: LakeFSStore, entries: Sequence[dict], found: Pushed) -> None:
    there = set(remote.index.identities())
    for entry in entries:
        if entry["identity"] in there:
            found.entries_known += 1
            continue
        more = {key: value for key, value in entry.items() if key not in ("identity", "ref")}
        ref = entry["ref"]
        made = Ref(remote.name, ref["version"], ref["path"])
        remote.index_put(entry["identity"], made, **more)  # with the time that it was made
        found.entries += 1


def _places(commit: Commit) -> dict[str, Place]:
    return {blob.sha256: (VERSION + commit.id, path) for path, blob in commit.tree.items()}


def _version(local: LocalStore, name: str) -> str:
    found = local.heads.get(name)
    return found[1] if found is not None else local.resolve(name)


def _count(found: Pushed, moved: bool) -> None:
    if moved:
        found.names += 1
    else:
        found.names_known += 1

"""The verdict of the checks on a dataset, kept beside it and bound to the manifest it judged."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from configs.errors import UserError
from configs.layout import Layout
from envs.episodes.episodes import Manifest, read_manifest

VERDICT = "verdict.json"
NAMED_ROWS = 5  # rows named in a sentence
SHARD_DIGITS = 12  # of a shard's hash, for people


@dataclass(frozen=True)
class Failure:
    """One expectation that does not hold, and where."""

    column: str
    shard: str | None  # path in the dataset; None: the dataset as a whole
    count: int  # rows concerned
    rows: tuple[int, ...]  # the first of them, counted in the shard
    reason: str  # what is there and what is allowed
    shards: int = 0  # in how many the column fails; only the first few have a failure of their own

    @property
    def sentence(self) -> str:
        """Return column, shard, rows and reason in one line."""
        if self.shard is None:
            return f"{self.column}: {self.reason}"
        named = ", ".join(str(row) for row in self.rows[:NAMED_ROWS])
        more = f" and {self.count - NAMED_ROWS} more" if self.count > NAMED_ROWS else ""
        shards = f" (the first of {self.shards})" if self.shards > 1 else ""
        shard = f"shard {short_name(self.shard)}{shards}"
        return f"{self.column}, {shard}, rows {named}{more}: {self.reason}"


@dataclass(frozen=True)
class Verdict:
    passed: bool
    manifest: str  # hash of the manifest that was judged
    layout: str  # fingerprint
    rows: int
    episodes: int
    dropped: int
    check: Mapping[str, Any]  # the configuration of the checks
    failures: tuple[Failure, ...]
    previous: str | None = None  # the version that the statistics were compared with
    # style -> figure -> value (tasks/check/coverage.py), now and in the version before
    coverage: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    coverage_before: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        path = folder / VERDICT
        path.write_text(json.dumps(asdict(self), sort_keys=True, indent=1))
        return path

    @staticmethod
    def read(file: Path) -> "Verdict":
        """Read what `write` wrote. Raises UserError."""
        try:
            values = json.loads(file.read_text())
            failures = tuple(Failure(**one) for one in values["failures"])
            return Verdict(**{**values, "failures": failures})
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError(f"{file}: no verdict on this dataset; run the check step") from None


def short_name(shard: str) -> str:
    """Return a shard's name as people see it: the first digits of its hash."""
    return Path(shard).stem[:SHARD_DIGITS]


def require_checked(folder: Path, layout: Layout) -> Manifest:
    """Return the manifest of a dataset that passed its checks as it is now.

    Raises:
        UserError: no verdict, a failed one, or one on other content.
        EpisodesError: no manifest. LayoutMismatch: a dataset of another layout.
    """
    manifest = read_manifest(folder, layout)
    path = folder / VERDICT
    verdict = Verdict.read(path)
    if verdict.manifest != manifest.hash():
        raise UserError(
            f"{path}: judged manifest {verdict.manifest[:12]}, this one is "
            f"{manifest.hash()[:12]}; run the check step"
        )
    if not verdict.passed:
        raise UserError(f"{path}: the dataset failed its checks; make better rollouts")
    return manifest

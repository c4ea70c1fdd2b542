"""From a registered version to a verdict and, if it passed, to a release."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from configs.errors import UserError
from configs.files import write
from configs.schema.promote import Latency
from models.approval import Approval
from models.bundle import Bundle
from models.session import Question, Session, input_shapes
from tasks.registry.candidate import Candidate, candidate_of, kept_evaluation, read_evaluation
from tasks.registry.channel import (
    DECISION,
    is_whole,
    next_sequence,
    publish_release,
    read_channel,
    standing,
)
from tasks.registry.decide import GateVerdict, decide
from tasks.registry.register import CONTROLLER
from tasks.registry.versions import (
    REFUSED_BY,
    VERDICT,
    all_versions,
    challenge,
    follow_channel,
    version_of,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

MACHINE = "machine"  # the report's part that differs from one measurement to the next


class PromotionRefused(UserError):
    """A version failed a gate; the message names gate, value and threshold."""


@dataclass(frozen=True)
class Decision:
    """A verdict, what it was about, and the release that came of it."""

    candidate: Candidate
    champion: str | None  # bundle hash of the model in force, None if it is of another layout
    verdict: GateVerdict
    sequence: int | None  # of the release; None if refused

    def plain(self) -> dict[str, Any]:
        """Return the decision as JSON values."""
        one, gates = self.candidate, self.candidate.terms.promote.gates
        return {
            "model": CONTROLLER,
            "version": one.version,
            "verdict": "passed" if self.verdict.passed else "refused",
            "sequence": self.sequence,
            "bundle_hash": one.bundle.hash,
            "report_hash": one.report_hash,
            "dataset": one.dataset,
            "champion": self.champion,
            "terms_hash": one.terms.hash,
            "gates": [asdict(row) | asdict(gates[row.gate]) for row in self.verdict.judgements],
        }


def settle(
    home: Path,
    client: "MlflowClient",
    version: "ModelVersion",
    approver: str,
    *,
    renew: bool,
) -> Decision:
    """Judge a version by its newest terms and the champion; release it if every gate holds.

    A version that was released before is judged against the champion of that time and keeps
    its release; with `renew` it gets a new one unless it is in force. A release whose files were
    damaged since is replaced by a new one. Hold `exclusive`.

    Raises:
        PromotionRefused: a gate failed; the version stays registered, with the decision.
    """
    candidate = candidate_of(home, version)
    channel = read_channel(home)
    challenge(client, channel, candidate.version)
    earlier = release_of(home, candidate, channel, renew)
    decision = judge_candidate(home, client, candidate, channel, earlier)
    noted = note(client, decision)
    if decision.sequence is None:
        follow_channel(client, channel)
        raise PromotionRefused(refusal(decision))
    if earlier is None:
        claims = {
            "bundle_hash": candidate.bundle.hash,
            "report_hash": candidate.report_hash,
            "dataset": candidate.dataset,
            "approver": approver,
            "layout": candidate.layout,
            "rollback": False,
        }
        bundle = candidate.bundle.folder
        released = publish_release(home, claims, noted, bundle, decision.sequence)
        channel = [*channel, released]
    follow_channel(client, channel)
    return decision


def judge_candidate(
    home: Path,
    client: "MlflowClient",
    candidate: Candidate,
    channel: Sequence[Approval],
    earlier: Approval | None,
) -> Decision:
    """Decide about a candidate; its sequence is the one of its `earlier` release, or the next."""
    before = channel if earlier is None else channel[: channel.index(earlier)]
    champion = comparable(before, candidate.layout)
    gates = candidate.terms.promote.gates
    verdict = decide(report_of(candidate), champion_report(home, client, champion), gates)
    sequence = next_sequence(home, channel) if earlier is None else earlier.sequence
    return Decision(
        candidate,
        champion.bundle_hash if champion else None,
        verdict,
        sequence if verdict.passed else None,
    )


def release_of(
    home: Path, candidate: Candidate, channel: Sequence[Approval], renew: bool
) -> Approval | None:
    """Return the release that a candidate has already, None if it is to get one."""
    in_force = standing(channel)[-1:] if renew else channel
    for approval in in_force:
        key = (approval.bundle_hash, approval.report_hash)
        same = key == (candidate.bundle.hash, candidate.report_hash)
        if same and (renew or not approval.rollback) and is_whole(home, approval):
            return approval
    return None


def comparable(channel: Sequence[Approval], layout: str) -> Approval | None:
    """Return the release in force if it is for the same layout.

    Figures of another hand or another control rate say nothing about this one's.
    """
    stack = standing(channel)
    return stack[-1] if stack and stack[-1].layout == layout else None


def report_of(candidate: Candidate) -> dict[str, Any]:
    """Return everything that a gate can look at."""
    return candidate.evaluation | {
        "export": candidate.terms.export,
        MACHINE: measure_ticks(candidate.bundle, candidate.terms.promote.latency),
        "control": {"period_ms": 1e3 / candidate.bundle.layout.control_hz},
    }


def measure_ticks(bundle: Bundle, latency: Latency) -> dict[str, float]:
    """Return figures of the tick time [ms]: batch 1, one thread, plausible inputs.

    The time does not depend on the numbers, only on their count.
    """
    rng = np.random.default_rng(0)
    session = Session(bundle, threads=1)
    inputs = {
        name: np.zeros((1, *shape), np.int64 if name == "mode" else np.float32)
        for name, shape in input_shapes(bundle.layout, session.memory_size).items()
    }
    for name in ("history", "noise"):
        inputs[name] = rng.standard_normal(inputs[name].shape, dtype=np.float32)
    inputs["strength"] += 1.0
    question = Question(**inputs)
    times = []
    for _ in range(latency.warmup + latency.ticks):
        started = time.perf_counter()
        session.assist(question)
        times.append(1e3 * (time.perf_counter() - started))
    counted = np.asarray(times[latency.warmup :])
    return {
        "tick_ms_median": float(np.median(counted)),
        "tick_ms_p90": float(np.quantile(counted, 0.9)),
        "tick_ms_max": float(counted.max()),
    }


def champion_report(
    home: Path, client: "MlflowClient", champion: Approval | None
) -> dict[str, Any] | None:
    """Return the champion's evaluation, verified against its approval.

    Raises:
        UserError: the champion's evaluation is gone from the registry.
    """
    if champion is None:
        return None
    version = version_of(champion, all_versions(client))
    if version is None:  # the database was lost: its files may be there
        report = kept_evaluation(home, champion.report_hash)
        if report is not None:
            return report
        raise UserError(
            f"release {champion.sequence}: its version is not in the registry, so nothing can be "
            "compared with it; restore mlflow.db, or register and promote it again"
        )
    return read_evaluation(home, version)


def note(client: "MlflowClient", decision: Decision) -> bytes:
    """Keep the newest decision with its version, for people to look at; return its bytes."""
    plain, candidate = decision.plain(), decision.candidate
    content = plain | {"decided_utc": datetime.now(UTC).isoformat()}
    encoded = (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
    write(candidate.folder / DECISION, encoded)
    refused_by = ", ".join(one.gate for one in decision.verdict.failed)
    for name, value in ((VERDICT, plain["verdict"]), (REFUSED_BY, refused_by)):
        client.set_model_version_tag(CONTROLLER, str(candidate.version), name, value)
    return encoded


def refusal(decision: Decision) -> str:
    version, (first, *more) = decision.candidate.version, decision.verdict.failed
    also = f"; also refused by {', '.join(one.gate for one in more)}" if more else ""
    return (
        f"promotion of {CONTROLLER} version {version} refused by gate {first.gate}: "
        f"{first.reason}{also}; see: dexgen models show {version}"
    )

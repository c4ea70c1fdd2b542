"""Promotion: the pipeline's last step, and the same by a person's command."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.refs import Ref
from configs.schema.promote import PromoteStep
from models.bundle import Bundle, open_bundle
from tasks.registry.candidate import keep_terms
from tasks.registry.channel import DECISION
from tasks.registry.locations import RegistryError, files_of
from tasks.registry.register import (
    CONTROLLER,
    Registration,
    digest_of,
    figure_metrics,
    register,
    register_expert,
)
from tasks.registry.settle import Decision, settle
from tasks.registry.tracking import Metric, exclusive, open_client
from tasks.registry.versions import (
    BUNDLE_FOLDER,
    BUNDLE_HASH,
    DATASET,
    EVALUATION,
    LAYOUT,
    REPORT_HASH,
    find_version,
)

if TYPE_CHECKING:
    from tasks.running.context import Context

LINEAGE = "lineage.json"
EXPERTS, GRASPS = "expert/", "grasps/"  # prefixes in the step's references
RECORDING = ("controller", "bundle", "evaluation")  # whose recorded metrics the version shows


def promote(config: PromoteStep, refs: Mapping[str, Ref], context: "Context") -> Ref:
    """Register experts and controller, judge the controller, and release it if it passed.

    Args:
        refs: bundle, evaluation, dataset, controller, grasps/<object>, expert/<style>.

    Returns:
        An artifact with `decision.json`: equal inputs and an equal channel give equal bytes, so
        what was timed on this machine stays with the registry's own record.

    Raises:
        PromotionRefused: a gate failed; the version is registered as `challenger`.
    """
    register_experts(refs, context)
    with exclusive(context.home):
        client = open_client(context.home)
        made = registration(refs, context)
        version = register(client, context.home, made)
        export = exported(refs["bundle"], context)
        version = keep_terms(client, context.home, version, config.promote, export)
        decision = settle(context.home, client, version, config.promote.approver, renew=False)
    file = context.scratch / DECISION
    file.write_text(json.dumps(reproducible(decision), indent=1, sort_keys=True) + "\n")
    message = f"promote: {CONTROLLER} version {decision.version} is release {decision.sequence}"
    return context.publish({DECISION: file}, message, parents=list(refs.values()))


def promote_version(home: Path, version: str | int, approver: str) -> dict[str, Any]:
    """Promote a registered version (number or alias) under the newest gates of its runs.

    Returns:
        The decision as plain values; `sequence` is its release.

    Raises:
        PromotionRefused: a gate failed.
        RegistryError: there is no such version.
    """
    with exclusive(home):
        client = open_client(home)
        found = find_version(client, version)
        return settle(home, client, found, approver, renew=True).plain()


def registration(refs: Mapping[str, Ref], context: "Context") -> Registration:
    """Describe the controller's version: bundle, report, figures and lineage."""
    bundle = open_bundle(context.open(refs["bundle"]), None)
    report = (context.open(refs["evaluation"]) / EVALUATION).read_bytes()
    evaluation, report_hash = json.loads(report), hashlib.sha256(report).hexdigest()
    if evaluation["bundle_hash"] != bundle.hash:
        raise RegistryError(
            f"{EVALUATION}: is about bundle {evaluation['bundle_hash'][:12]}, not "
            f"{bundle.hash[:12]}; evaluate this bundle"
        )
    origin = {name: lineage(ref, context) for name, ref in refs.items()}
    files = files_of(bundle.folder, f"{BUNDLE_FOLDER}/")
    files[EVALUATION] = context.open(refs["evaluation"]) / EVALUATION
    files[LINEAGE] = context.scratch / LINEAGE
    files[LINEAGE].write_text(json.dumps(origin, indent=1) + "\n")
    return Registration(
        model=CONTROLLER,
        identity=digest_of(bundle.hash, report_hash),
        files=files,
        source=BUNDLE_FOLDER,
        metrics=[
            *(row for name in RECORDING for row in recorded(refs[name], context)),
            *figure_metrics(evaluation["evaluation"], "evaluation"),
        ],
        params=params(bundle),
        tags={
            BUNDLE_HASH: bundle.hash,
            REPORT_HASH: report_hash,
            DATASET: refs["dataset"].version,
            LAYOUT: bundle.layout.fingerprint(),
            **{f"lineage.{name}": ref.version for name, ref in refs.items()},
        },
    )


def params(bundle: Bundle) -> dict[str, str]:
    layout = bundle.layout
    return {"hand": layout.hand, "control_hz": f"{layout.control_hz:g}"}


def recorded(ref: Ref, context: "Context") -> list[Metric]:
    """Return what the step that made an artifact recorded, in its order."""
    rows = context.metrics_of(ref)
    return [Metric(row["name"], row["value"], row["step"] or 0) for row in rows]


def exported(bundle: Ref, context: "Context") -> dict[str, float]:
    """Return the figures that the export step recorded, as a gate names them."""
    return {row.name.removeprefix("export."): row.value for row in recorded(bundle, context)}


def lineage(ref: Ref, context: "Context") -> dict[str, Any]:
    """Return an input's version and what made it: step, configuration digest, code."""
    commit = context.store.read(ref.version)
    return {"version": ref.version, "parents": list(commit.parents), **commit.metadata}


def register_experts(refs: Mapping[str, Ref], context: "Context") -> None:
    grasps = {
        name.removeprefix(GRASPS): ref.version
        for name, ref in refs.items()
        if name.startswith(GRASPS)
    }
    for name, ref in refs.items():
        if not name.startswith(EXPERTS):
            continue
        folder = context.open(ref)
        register_expert(
            context.home,
            name.removeprefix(EXPERTS),
            folder,
            identity=ref.version,
            grasps=grasps,
            figures=json.loads((folder / "figures.json").read_text()),
            lineage={
                key: str(value)
                for key, value in lineage(ref, context).items()
                if not isinstance(value, list)
            },
            metrics=recorded(ref, context),
        )


def reproducible(decision: Decision) -> dict[str, Any]:
    """Return a decision without what another measurement would give otherwise."""
    content = decision.plain()
    for row in content["gates"]:
        if row["metric"].startswith("machine."):
            row |= {"value": None, "reason": "timed on the machine that promoted"}
    return content

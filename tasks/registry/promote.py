"""Promotion: the pipeline's last step, and the same by a person's command."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.errors import UserError
from configs.refs import Ref
from configs.schema.promote import PromoteStep
from models.bundle import open_bundle
from tasks.registry.candidate import keep_terms
from tasks.registry.channel import DECISION
from tasks.registry.locations import files_of
from tasks.registry.register import CONTROLLER, Registration, figure_metrics, register
from tasks.registry.settle import Decision, settle
from tasks.registry.tracking import exclusive, open_client
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
    export = {
        row["name"].removeprefix("export."): row["value"]
        for row in context.metrics_of(refs["bundle"])
    }
    with exclusive(context.home):
        client = open_client(context.home)
        for name in refs:
            if name.startswith(EXPERTS):
                register(client, context.home, expert(name, refs, context))
        version = register(client, context.home, controller(refs, context))
        version = keep_terms(client, context.home, version, config.promote, export)
        decision = settle(context.home, client, version, config.promote.approver, renew=False)
    file = context.scratch / DECISION
    file.write_text(json.dumps(reproducible(decision), indent=1, sort_keys=True) + "\n")
    number = decision.candidate.version
    message = f"promote: {CONTROLLER} version {number} is release {decision.sequence}"
    return context.publish({DECISION: file}, message, parents=list(refs.values()))


def promote_version(home: Path, version: str | int, approver: str) -> dict[str, Any]:
    """Promote a registered version (number or alias) under the newest gates of its runs.

    Returns:
        The decision as plain values; `sequence` is its release.

    Raises:
        PromotionRefused: a gate failed.
        UserError: there is no such version.
    """
    with exclusive(home):
        client = open_client(home)
        found = find_version(client, version)
        return settle(home, client, found, approver, renew=True).plain()


def controller(refs: Mapping[str, Ref], context: "Context") -> Registration:
    """Describe the controller's version: bundle, report, figures and lineage."""
    bundle = open_bundle(context.open(refs["bundle"]), None)
    report = (context.open(refs["evaluation"]) / EVALUATION).read_bytes()
    evaluation, report_hash = json.loads(report), hashlib.sha256(report).hexdigest()
    if evaluation["bundle_hash"] != bundle.hash:
        raise UserError(
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
        identity=hashlib.sha256(json.dumps([bundle.hash, report_hash]).encode()).hexdigest(),
        files=files,
        source=BUNDLE_FOLDER,
        metrics=[
            *(row for name in RECORDING for row in context.metrics_of(refs[name])),
            *figure_metrics(evaluation["evaluation"], "evaluation"),
        ],
        params={"hand": bundle.layout.hand, "control_hz": f"{bundle.layout.control_hz:g}"},
        tags={
            BUNDLE_HASH: bundle.hash,
            REPORT_HASH: report_hash,
            DATASET: refs["dataset"].version,
            LAYOUT: bundle.layout.fingerprint(),
            **{f"lineage.{name}": ref.version for name, ref in refs.items()},
        },
    )


def expert(name: str, refs: Mapping[str, Ref], context: "Context") -> Registration:
    """Describe an expert's version, of the model `expert-<style>`: policy, figures, lineage."""
    folder, style = context.open(refs[name]), name.removeprefix(EXPERTS)
    made = lineage(refs[name], context)
    tags = {f"lineage.{key}": str(value) for key, value in made.items() if key != "parents"}
    tags |= {one.replace("/", "."): refs[one].version for one in refs if one.startswith(GRASPS)}
    figures = json.loads((folder / "figures.json").read_text())
    return Registration(
        model=f"expert-{style}",
        identity=refs[name].version,
        files=files_of(folder, "policy/"),
        source="policy",
        metrics=[*context.metrics_of(refs[name]), *figure_metrics(figures)],
        params={"style": style},
        tags={"style": style, **tags},
    )


def lineage(ref: Ref, context: "Context") -> dict[str, Any]:
    """Return an input's version and what made it: step, configuration digest, code."""
    commit = context.store.read(ref.version)
    return {"version": ref.version, "parents": list(commit.parents), **commit.metadata}


def reproducible(decision: Decision) -> dict[str, Any]:
    """Return a decision without what another measurement would give otherwise."""
    content = decision.plain()
    for row in content["gates"]:
        if row["metric"].startswith("machine."):
            row |= {"value": None, "reason": "timed on the machine that promoted"}
    return content

"""The Prefect flow: every node of the plan as a task, side by side where nothing waits.

What is done is known to the store's index alone; a reused step shows in Prefect as the state
`Reused`. Prefect keeps no results of its own.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed

from configs.load import load
from configs.schema.pipeline import Config
from flows.home import home_folder, require_machine
from flows.plan import STAGES, Node, plan
from flows.report import report_run
from flows.runtime import Done, StepFailed, execute


@task(cache_policy=NO_CACHE, persist_result=False)
def run_step(
    node: Node,
    upstream: Mapping[str, Any],  # name -> future, which Prefect turns into Done
    home: Path,
    threads: int | None,
    slots: threading.Semaphore,
) -> State:
    """Run one node once its inputs are there and a slot is free."""
    with slots:
        refs = {name: done.ref for name, done in upstream.items()}
        done = execute(node, refs, home, threads)
    name = "Reused" if done.reused else "Completed"
    return Completed(name=name, message=done.ref.version, data=done)


@flow(name="dexgen", persist_result=False)
def pipeline(overrides: list[str] | None = None, until: str = STAGES[-1]) -> str:
    """Run every stage up to `until` and return the report's folder.

    Raises:
        StepFailed: a step refused its input or broke; the first one in the plan's order.
    """
    config = load(Config, overrides or [])
    home = home_folder()
    require_machine(config.machine, home)
    nodes = plan(config, until)
    # Slots, not a bounded pool: a task that waits for its inputs must not hold up another.
    slots = threading.Semaphore(config.machine.parallel_steps)
    futures: dict[str, PrefectFuture[Any]] = {}
    for node in nodes:
        named = run_step.with_options(name=node.step, task_run_name=node.label)
        upstream = {name: futures[label] for name, label in node.inputs.items()}
        futures[node.label] = named.submit(node, upstream, home, config.machine.threads, slots)
    done, failure = collect(nodes, futures)
    folder = report_run(config, overrides or [], done, failure, home)
    if failure is not None:
        raise failure
    return str(folder)


def collect(
    nodes: list[Node], futures: Mapping[str, PrefectFuture[Any]]
) -> tuple[list[Done], Exception | None]:
    """Wait for every node; return what got done and the failure that explains the others."""
    done: list[Done] = []
    failures: list[Exception] = []
    for node in nodes:
        try:
            done.append(futures[node.label].result())
        except Exception as error:
            failures.append(error)
    # Nodes behind a failed one never start; their own errors explain nothing.
    failures.sort(key=lambda error: not isinstance(error, StepFailed))
    return done, failures[0] if failures else None

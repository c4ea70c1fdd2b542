"""The Prefect flow: every node of the plan as a task, side by side where nothing waits.

What is done is known to the store's index alone; a reused step shows in Prefect as the state
`Reused`. Prefect keeps no results of its own, and failures are returned as states and not raised:
Prefect would pickle an exception into its storage.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed

from configs.load import load
from configs.refs import Ref
from configs.schema.pipeline import Config
from flows.home import home_folder, require_machine
from flows.interrupt import stop_on_signals
from flows.plan import STAGES, Node, plan
from flows.report import report_run, write_galleries
from flows.runtime import Done, StepFailed, execute, sweep
from tasks.data.gc import trim_downloads
from tasks.data.in_use import in_use
from tasks.store.choice import choose
from tasks.store.disk import full_disk
from tasks.store.protocol import StoreError

# Names of states that tell of a failure of ours, and of its exit code.
BAD_INPUT, BROKEN = "BadInput", "Broken"
LEFT_OUT = "LeftOut"  # of an object that nobody can grasp: the run goes on with the others


@task(cache_policy=NO_CACHE, persist_result=False)
def run_step(
    node: Node,
    upstream: Mapping[str, Any],  # name -> future, which Prefect turns into Done; None: left out
    before: Sequence[Any],  # futures that Prefect waits for; nothing of them is used
    home: Path,
    threads: int | None,
    slots: threading.Semaphore,
) -> State:
    """Run one node once its inputs are there and a slot is free."""
    try:
        with slots:
            done = execute(node, remaining(node, upstream), home, threads)
    except StepFailed as failure:
        return left_out(node, failure) if failure.exit_code == 3 else failed(failure)
    except StoreError as error:
        return failed(StepFailed(f"{node.label}: {error}", 2))
    except OSError as error:
        full = full_disk(error, home)
        if full is None:
            raise
        return failed(StepFailed(f"{node.label}: {full}", 2))
    name = "Reused" if done.reused else "Completed"
    return Completed(name=name, message=done.ref.version, data=done)


def remaining(node: Node, upstream: Mapping[str, Done | None]) -> dict[str, Ref]:
    """Return the references that go into a node, without the objects that were left out.

    Raises:
        StepFailed: none of its objects is left.
    """
    gone = {Path(name).name for name, done in upstream.items() if done is None}
    refs = {
        name: done.ref
        for name, done in upstream.items()
        if done is not None and not (name.startswith("objects/") and Path(name).name in gone)
    }
    if gone and not any(name.startswith("grasps/") for name in refs):
        raise StepFailed(f"{node.label}: no object is left: nobody grasps {sorted(gone)}", 2)
    return refs


def left_out(node: Node, failure: StepFailed) -> State:
    """Say that an object is left out, and return the state that those behind it understand."""
    print(f"left out {failure}; the run goes on with other objects, if it has some", flush=True)
    return Completed(name=LEFT_OUT, message=str(failure), data=None)


def failed(failure: StepFailed) -> State:
    return Failed(name=BAD_INPUT if failure.exit_code == 2 else BROKEN, message=str(failure))


def failure_of(state: State) -> StepFailed | None:
    """Return the failure that a state tells of; None for a state that tells of none of ours."""
    if state.name not in (BAD_INPUT, BROKEN):
        return None
    return StepFailed(state.message or "", 2 if state.name == BAD_INPUT else 1)


@flow(name="dexgen", persist_result=False)
def pipeline(
    overrides: list[str] | None = None, until: str = STAGES[-1], only: list[str] | None = None
) -> State:
    """Run every stage up to `until`; of no objects but `only`, if it names some.

    Returns:
        Completed with the report's folder as message, or the state of the first step, in the
        plan's order, that refused its input or broke.
    """
    if threading.current_thread() is threading.main_thread():
        stop_on_signals()
    config = load(Config, overrides or [])
    home = home_folder()
    choose(config.store)
    require_machine(config.machine, home)
    if config.store.backend == "lakefs":
        trim_downloads(home, config.retention)
    with in_use(home):  # here, not in the command line: a scheduled run comes another way
        return run_plan(config, overrides or [], until, only or [], home)


def run_plan(
    config: Config, overrides: list[str], until: str, only: list[str], home: Path
) -> State:
    """Run the nodes of a plan, each as soon as its inputs are there, and write the report."""
    sweep(home)
    nodes = plan(config, until, only)
    # Slots, not a bounded pool: a task that waits for its inputs must not hold up another.
    slots = threading.Semaphore(config.machine.parallel_steps)
    futures: dict[str, PrefectFuture[Any]] = {}
    for node in nodes:
        named = run_step.with_options(name=node.step, task_run_name=node.label)
        upstream = {name: futures[label] for name, label in node.inputs.items()}
        before = [futures[label] for label in node.after if label in futures]
        futures[node.label] = named.submit(
            node, upstream, before, home, config.machine.threads, slots
        )
    done, gone, failure = collect(nodes, futures)
    folder = report_run(config, overrides, done, failure, home, gone, until)
    if until == "grasps":
        write_galleries(folder, nodes, done, home)
    return Completed(message=str(folder)) if failure is None else failed(failure)


def collect(
    nodes: list[Node], futures: Mapping[str, PrefectFuture[Any]]
) -> tuple[list[Done], dict[str, str], StepFailed | None]:
    """Wait for every node; return what got done, by label why objects were left out, and the
    failure that explains the others."""
    done: list[Done] = []
    gone: dict[str, str] = {}
    failures: list[StepFailed] = []
    for node in nodes:
        futures[node.label].wait()
        state = futures[node.label].state
        failure = failure_of(state)
        if state.name == LEFT_OUT:
            gone[node.label] = state.message or ""
        elif state.is_completed():
            done.append(futures[node.label].result())
        elif failure is not None:  # nodes behind a failed one never start and explain nothing
            failures.append(failure)
    if gone and not any(one.step == "grasps" for one in done):
        failures.append(StepFailed(next(iter(gone.values())), 2))
    if not failures and len(done) + len(gone) < len(nodes):
        made = {one.label for one in done} | gone.keys()
        label = next(node.label for node in nodes if node.label not in made)
        failures.append(StepFailed(f"{label}: {futures[label].state.message}", 1))
    return done, gone, failures[0] if failures else None


def run(overrides: list[str], until: str, only: list[str]) -> str:
    """Run the flow in this process and return the report's folder.

    Raises:
        StepFailed: a step refused its input or broke.
    """
    state = pipeline(overrides, until, only, return_state=True)
    failure = failure_of(state)
    if failure is not None:
        raise failure
    if state.is_failed():
        state.result()  # a defect of ours: raises what was raised
    return state.message or ""

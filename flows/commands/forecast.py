"""What a run would do: `--dry-run`."""

from collections.abc import Sequence
from pathlib import Path

from configs.load import digest
from configs.refs import Ref
from configs.schema.pipeline import Config
from flows.commands.terminal import table
from flows.home import free_disk_gib, free_memory_gib
from flows.plan import plan
from flows.runtime import identity_of
from tasks.store import open_store
from tasks.store.choice import choose


def forecast(config: Config, until: str, home: Path, only: Sequence[str] = ()) -> str:
    """Return a table of the steps, which of them are reused, and what the rest may cost.

    A step's time is what it last took in this store under this configuration; a step behind
    one that runs has no known inputs yet, so it runs too.
    """
    choose(config.store)
    store = open_store(home)
    refs: dict[str, Ref] = {}
    rows, known, unknown = [], 0.0, 0
    last = {
        (entry["label"], entry["configuration"]): float(entry["seconds"])
        for entry in store.index_entries()
    }
    nodes = plan(config, until, only)
    for node in nodes:
        inputs = {name: refs[label] for name, label in node.inputs.items() if label in refs}
        complete = len(inputs) == len(node.inputs)
        found = store.index_get(identity_of(node, inputs)) if complete else None
        if found is not None:
            refs[node.label] = found
            rows.append(("reuse", node.label, found.version[:12]))
            continue
        seconds = last.get((node.label, digest(node.config)))
        known, unknown = known + (seconds or 0.0), unknown + (seconds is None)
        time = "never timed here" if seconds is None else f"about {seconds:.0f} s"
        rows.append(("run", node.label, time))
    running = sum(what == "run" for what, _, _ in rows)
    lines = [
        table(rows),
        f"{len(nodes)} steps: {len(nodes) - running} reused, {running} to run",
    ]
    if unknown:
        minutes = f"{config.machine.expected_minutes:g} min"
        steps = "1 step" if unknown == 1 else f"{unknown} steps"
        lines.append(f"time: {steps} never timed here; the whole profile: about {minutes}")
    elif running:
        lines.append(f"time: about {known:.0f} s of work")
    free = free_disk_gib(home)
    lines.append(f"disk: needs {config.machine.disk_gib:g} GiB, {free:.0f} GiB free in {home}")
    memory = free_memory_gib()
    lines.append(f"memory: needs {config.machine.memory_gib:g} GiB, {memory:.0f} GiB free")
    if memory < config.machine.memory_gib or free < config.machine.disk_gib:
        lines.append("this machine cannot carry the run: it would be refused")
    return "\n".join(lines)

"""What a run would do: `--dry-run`."""

from pathlib import Path

from configs.refs import Ref
from configs.schema.pipeline import Config
from flows.home import free_disk_gib
from flows.plan import plan
from flows.runtime import identity_of
from tasks.store import open_store


def forecast(config: Config, until: str, home: Path) -> str:
    """Return a table of the steps, which of them are reused, and what the rest may cost.

    A step's time is what the same step last took in this store; a step behind one that runs
    has no known inputs yet, so it runs too.
    """
    store = open_store(home)
    refs: dict[str, Ref] = {}
    lines, known, unknown = [], 0.0, 0
    entries = sorted(store.index_entries(), key=lambda entry: str(entry["time_utc"]))
    last = {str(entry["label"]): float(entry["seconds"]) for entry in entries}
    nodes = plan(config, until)
    for node in nodes:
        inputs = {name: refs[label] for name, label in node.inputs.items() if label in refs}
        complete = len(inputs) == len(node.inputs)
        found = store.index_get(identity_of(node, inputs)) if complete else None
        if found is not None:
            refs[node.label] = found
            lines.append(f"reuse  {node.label:<20}{found.version[:12]}")
            continue
        seconds = last.get(node.label)
        known, unknown = known + (seconds or 0.0), unknown + (seconds is None)
        time = "never timed here" if seconds is None else f"about {seconds:.0f} s"
        lines.append(f"run    {node.label:<20}{time}")
    running = sum(line.startswith("run") for line in lines)
    lines.append(f"{len(nodes)} steps: {len(nodes) - running} reused, {running} to run")
    if unknown == running and running:
        lines.append(f"time: about {config.machine.expected_minutes:g} min for the whole profile")
    elif running:
        lines.append(f"time: about {known:.0f} s of work, and {unknown} steps never timed here")
    free = free_disk_gib(home)
    lines.append(f"disk: needs {config.machine.disk_gib:g} GiB, {free:.0f} GiB free in {home}")
    lines.append(f"memory: needs {config.machine.memory_gib:g} GiB")
    return "\n".join(lines)

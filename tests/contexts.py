"""A step's surroundings, as the pipeline would make them."""

from pathlib import Path

from tasks.running.context import Context, Progress, make_scratch
from tasks.store import open_store


def make_context(
    home: Path, identity: str, step: str | None = None, threads: int | None = 1
) -> Context:
    """Return the context of a step with this identity, whose state lies in a home."""
    step = step or identity
    return Context(
        identity=identity,
        label=step,
        store=open_store(home),
        home=home,
        scratch=make_scratch(home, identity),
        threads=threads,
        progress=Progress(step),
        origin={"step": step},
    )

"""A step's surroundings, as the pipeline would make them, and a progress that breaks off."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

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


class Interrupted(Exception):
    """Stands for whatever ends a process."""


def interrupt() -> NoReturn:
    raise Interrupted


@dataclass
class Stopping(Progress):
    """Ends a step, as a kill would, when so much of it is done."""

    at: float = math.inf
    stop: Callable[[], object] = interrupt

    def __call__(self, done: float, total: float, unit: str) -> None:
        if done >= self.at:
            self.stop()

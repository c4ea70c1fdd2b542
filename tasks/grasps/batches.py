"""A batch of the search on its way: proposed in a thread of its own, held, saved, read back."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from configs.files import replacing
from tasks.grasps.candidates import Candidates
from tasks.grasps.search import STAGES, CandidateBatch, Funnel, Search
from tasks.grasps.validation import Hold


class Saved:
    """A batch that this or an earlier process has made."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def submit(self) -> None:
        pass

    def finish(self, meanwhile: Callable[[], None]) -> tuple[Candidates, Funnel]:
        return read_batch(self.path)

    def abandon(self) -> None:
        pass


class Pending:
    """A batch that is being proposed, or waits to be held."""

    def __init__(
        self, search: Search, proposer: Executor, propose: Callable[[], CandidateBatch], path: Path
    ) -> None:
        self.search, self.path = search, path
        self.proposed: Future[CandidateBatch] = proposer.submit(propose)
        self.hold: Hold | None = None

    def submit(self) -> None:
        """Queue it to be held, if all of it has been proposed."""
        if self.hold is None and self.proposed.done():
            self.hold = self.search.submit(self.proposed.result())

    def finish(self, meanwhile: Callable[[], None]) -> tuple[Candidates, Funnel]:
        """Return its grasps and save them, when all of it was held; `meanwhile` goes on with what
        comes next."""
        batch = self.proposed.result()
        self.submit()
        assert self.hold is not None
        held = self.search.held(batch, self.hold, meanwhile)
        save_batch(self.path, held, batch.funnel)
        return held, batch.funnel

    def abandon(self) -> None:
        """Give it up: nothing of it is wanted."""
        self.proposed.cancel()
        if self.hold is not None:
            self.search.validator.drop(self.hold)


def save_batch(path: Path, held: Candidates, funnel: Funnel) -> None:
    """Write a batch, whole or not at all."""
    arrays = {name: np.ascontiguousarray(array) for name, array in vars(held).items()}
    arrays["funnel_counts"] = np.array([funnel.counts[stage] for stage in STAGES])
    arrays["funnel_seconds"] = np.array([funnel.seconds[stage] for stage in STAGES])
    with replacing(path) as temporary:
        save_file(arrays, temporary)


def read_batch(path: Path) -> tuple[Candidates, Funnel]:
    """Read what `save_batch` wrote."""
    arrays = load_file(path)
    counts, seconds = arrays.pop("funnel_counts"), arrays.pop("funnel_seconds")
    funnel = Funnel(
        dict(zip(STAGES, counts.tolist(), strict=True)),
        dict(zip(STAGES, seconds.tolist(), strict=True)),
    )
    return Candidates(**arrays), funnel

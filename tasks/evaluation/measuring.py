"""Tables of perturbations and variants, measured window by window, and what clips show of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from configs.files import replacing
from configs.schema.evaluate import Evaluate, Variant
from models.strength import Strength
from tasks.evaluation.recording import Recorder
from tasks.evaluation.trial import Setup, TrialTable, run_window
from tasks.running.context import Context

COUNTED, RECORDED = "counts.safetensors", "recording.safetensors"


@dataclass(frozen=True)
class Measured:
    counts: Mapping[str, np.ndarray]  # COUNTS -> [windows, P, V, M]
    recording: Mapping[str, np.ndarray]  # Recorder.arrays(); one environment a clip; or empty

    def save(self, folder: Path) -> dict[str, Path]:
        """Write both into a folder and return the files by name."""
        files = {name: folder / name for name in (COUNTED, RECORDED)}
        save_file(dict(self.counts), files[COUNTED])
        save_file(dict(self.recording), files[RECORDED])
        return files


def read(folder: Path) -> Measured:
    """Read what `Measured.save` wrote."""
    return Measured(load_file(folder / COUNTED), load_file(folder / RECORDED))


def table_of(
    evaluate: Evaluate, variants: Mapping[str, Variant], strengths: Mapping[str, Strength | None]
) -> TrialTable:
    """Return the table of all that is judged under some variants."""
    return TrialTable(
        evaluate.perturbations,
        variants,
        strengths,
        evaluate.pairs,
        evaluate.windows,
        evaluate.window_s,
        evaluate.stream,
    )


def measure(stage: Setup, table: TrialTable, context: Context, recorded: str | None) -> Measured:
    """Measure a table; a window that was done before is read back from scratch.

    `recorded` names the variant of which clips are recorded, if any.
    """
    ticks = round(table.window_s * stage.inputs.layout.control_hz)
    film, windows = context.scratch / f"film_{RECORDED}", []
    for index in range(table.windows):
        path = context.scratch / f"window_{index:04d}.safetensors"
        if not path.exists():
            recorder = make_recorder(stage, table, recorded) if index == 0 else None

            def progress(tick: int, index: int = index) -> None:
                context.progress(index * ticks + tick, table.windows * ticks, "ticks of windows")

            found = run_window(stage, table, index, progress, recorder)
            if recorder is not None:
                save_file(recorder.arrays(), film)
            with replacing(path) as temporary:
                save_file(found, temporary)
        windows.append(load_file(path))
    counts = {key: np.stack([window[key] for window in windows]) for key in windows[0]}
    return Measured(counts, load_file(film) if film.exists() else {})


def clipped(evaluate: Evaluate) -> tuple[str, ...]:
    """Return the perturbations that are recorded: those to be shown that are judged."""
    return tuple(name for name in evaluate.clips if name in evaluate.perturbations)


def make_recorder(stage: Setup, table: TrialTable, variant: str | None) -> Recorder | None:
    """Return a recorder of a variant's first pair under every perturbation that is shown."""
    names = clipped(stage.evaluate)
    if variant is None or not names:
        return None
    arrangement = table.arrangement(stage.inputs)
    place = list(table.variants).index(variant)
    rows = [
        (table.perturbations.index(name) * arrangement.variants + place) * arrangement.pairs
        for name in names
    ]
    seconds = min(stage.evaluate.clip_s, table.window_s)
    return Recorder(rows, round(seconds * stage.inputs.layout.control_hz))


def joined(
    parts: Sequence[tuple[TrialTable, Measured]], order: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return the counts [windows, P, V, M] of tables that differ in their variants only.

    `order` names the variants of all of them.
    """
    names = [name for table, _ in parts for name in table.variants]
    places = [names.index(name) for name in order]
    found = {}
    for key in parts[0][1].counts:
        each = np.concatenate([measured.counts[key] for _, measured in parts], axis=2)
        # A file would be written in the order of the memory, which indexing does not keep.
        found[key] = np.ascontiguousarray(each[:, :, places])
    return found

"""Experts rolled out in chunks: recorded, cut into episodes, filtered, published.

A chunk is a function of the seed and its number and is published as a whole, so that a killed run
goes on with the next and ends with the same bytes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from configs.errors import UserError
from configs.layout import Layout
from configs.refs import Ref
from configs.schema.hand import Hand
from configs.schema.rollouts import Rollouts
from envs.episodes.episodes import (
    EpisodeWriter,
    Manifest,
    manifest_files,
    merge_manifests,
    read_manifest,
)
from envs.episodes.manifest import MANIFEST
from envs.streams import derive_seed
from tasks.rollouts.bursts import CommandBursts, deal_levels
from tasks.rollouts.counting import count_shown
from tasks.rollouts.filters import Counts, keep
from tasks.running.context import Context

MIB = 1 << 20
TOUCHING = "touching"  # [T, N, F] bool of a chunk: counted, and no field of a shard


class Steps(Protocol):
    """N hands that are stepped together, as rsl_rl's VecEnv; `extras` says dropped and reached."""

    num_envs: int
    joint_target: Tensor
    applied_action: Tensor

    @property
    def touching(self) -> Tensor: ...

    def frame(self) -> dict[str, np.ndarray]: ...

    def step(self, actions: Tensor) -> tuple[Any, Any, Tensor, dict[str, Any]]: ...

    def close(self) -> None: ...


# What is executed [N, n] of commands [N, n], of which some are bad [N].
Answer = Callable[[Any, np.ndarray, np.ndarray], torch.Tensor]


def as_it_is(_: Any, command: np.ndarray, __: np.ndarray) -> torch.Tensor:
    """Return commands as what is executed."""
    return torch.from_numpy(command)


@dataclass(frozen=True)
class Scene:
    """Hands, the expert that moves them, and who answers its commands."""

    env: Steps
    expert: Callable[[Any], torch.Tensor]
    answer: Answer


@dataclass(frozen=True)
class Chunk:
    """What one chunk recorded: T steps of N environments."""

    frames: dict[str, np.ndarray]  # field or TOUCHING -> [T, N, ...]
    ended: np.ndarray  # [T, N] bool, the episode ended with this step
    dropped: np.ndarray  # [T, N] bool, in a drop
    goals: int  # reached


@dataclass(frozen=True)
class Source:
    """Whose rollouts they are."""

    style: str
    labels: Mapping[str, int | np.ndarray]  # field -> index, of all frames or of each hand's [N]
    seed: int
    hand: Hand
    layout: Layout


def publish_chunks(
    source: Source,
    settings: Rollouts,
    objects: int,
    scene: Callable[[int], Scene],
    refs: Mapping[str, Ref],
    context: Context,
) -> Ref:
    """Make the chunks that are missing and publish all with their manifest.

    `scene` makes the hands of a seed, that hold `objects` objects in turn.

    Raises:
        UserError: no episode was kept.
    """
    layout = source.layout
    folders = [context.scratch / f"chunk_{i:05d}" for i in range(settings.chunks)]
    for number, folder in enumerate(folders):
        if not (folder / MANIFEST).exists():
            collect(source, settings, objects, scene, number, folder)
            context.progress(number + 1, settings.chunks, "chunks")
    merged = merge_chunks([read_manifest(folder, layout) for folder in folders], source.style)
    files = {MANIFEST: merged.write(context.scratch)}
    for folder in folders:
        files |= {name: path for name, path in manifest_files(folder).items() if name != MANIFEST}
    for name, value in merged.counts.items():
        context.record(f"count/{name}", value)
    message = f"{merged.episodes} episodes, {merged.rows} frames of expert {source.style}"
    return context.publish(files, message, list(refs.values()))


def collect(
    source: Source,
    settings: Rollouts,
    objects: int,
    scene: Callable[[int], Scene],
    number: int,
    folder: Path,
) -> None:
    """Make one chunk."""
    layout = source.layout
    seed = derive_seed(source.seed, "rollouts", source.style, "chunk", number)
    levels = deal_levels(settings.levels, objects, settings.environments)
    rng = np.random.default_rng(derive_seed(seed, "noise"))
    bursts = CommandBursts(settings.bursts, levels, source.hand, layout, rng)
    steps = max(round(settings.chunk_s * layout.control_hz), 1)
    hands = scene(seed)  # anew each time, since making it draws the objects' scales
    chunk = record(hands.env, hands.expert, bursts, steps, source.labels, hands.answer)
    hands.env.close()
    write(chunk, folder, settings, layout, first_id=number * steps * hands.env.num_envs)


def merge_chunks(chunks: Sequence[Manifest], style: str) -> Manifest:
    """Return one manifest of all chunks; one of which nothing was kept adds its counts."""
    fields = next((chunk.fields for chunk in chunks if chunk.rows), ())
    merged = merge_manifests(replace(chunk, fields=fields) for chunk in chunks)
    if merged.rows == 0:
        raise UserError(
            f"rollouts: {style}: none of {merged.counts['episodes']} episodes was kept "
            f"({merged.counts['drops']} dropped); raise rollouts.chunk_s or train a better expert"
        )
    return merged


def record(
    env: Steps,
    expert: Callable[[Any], torch.Tensor],
    bursts: CommandBursts,
    steps: int,
    labels: Mapping[str, int | np.ndarray],
    answer: Answer,
) -> Chunk:
    """Roll the expert out under bursts of bad commands for `steps` control steps.

    `command` is what the bursts make of the expert's action; `action` what was executed, with the
    environment's own action noise, which is part of the world and does not make a frame unclean.
    A bad command is unclean, whether it was executed or what the student read.
    """
    frames: dict[str, np.ndarray] = {}
    ended = np.zeros((steps, env.num_envs), dtype=bool)
    dropped = np.zeros_like(ended)
    goals = 0
    for step in range(steps):
        frame = env.frame() | {TOUCHING: env.touching.numpy()}
        command = bursts.command(expert(env).numpy(), env.joint_target.numpy())
        _, _, done, extras = env.step(answer(env, command, bursts.bad))
        frame["command"] = command
        frame["action"] = env.applied_action.numpy()
        frame["clean"][:] = ~bursts.bad
        for name, value in labels.items():
            frame[name][:] = value
        if not frames:
            frames = {k: np.empty((steps, *v.shape), v.dtype) for k, v in frame.items()}
        for name, values in frame.items():
            frames[name][step] = values
        ended[step], dropped[step] = done.numpy(), extras["dropped"].numpy()
        goals += int(extras["reached"].sum())
    return Chunk(frames, ended, dropped, goals)


def episodes(chunk: Chunk) -> Iterator[tuple[dict[str, np.ndarray], bool]]:
    """Yield (episode, ended in a drop), environment by environment; the chunk's end cuts off."""
    steps, count = chunk.ended.shape
    for env in range(count):
        ends = np.flatnonzero(chunk.ended[:, env]) + 1
        starts = [0, *ends.tolist()]
        stops = [*ends.tolist(), steps]
        for start, stop in zip(starts, stops, strict=True):
            if stop > start:
                rows = {name: array[start:stop, env] for name, array in chunk.frames.items()}
                yield rows, bool(chunk.dropped[stop - 1, env])


def write(
    chunk: Chunk, folder: Path, config: Rollouts, layout: Layout, *, first_id: int
) -> Manifest:
    """Write a chunk's kept episodes; their ids count on from `first_id`."""
    writer = EpisodeWriter(folder, layout, int(config.shard_mib * MIB))
    counts, shown = Counts(), Counter[str]()
    for episode, dropped in episodes(chunk):
        kept = keep(episode, dropped, config.filter, layout.control_hz, counts)
        if kept is not None:
            shown.update(count_shown(kept, kept.pop(TOUCHING), layout.control_hz))
            kept["episode"][:] = first_id + counts.episodes
            writer.append(kept)
    return writer.close(asdict(counts) | shown | {"goals": chunk.goals})

"""The step `rollouts`: an expert under bad commands, cut into episodes, filtered, published.

The work is done in chunks; each is a function of the seed and its number and is published as a
whole, so that a killed run goes on with the next and ends with the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from configs.errors import UserError
from configs.layout import Layout
from configs.refs import Ref
from configs.schema.rollouts import Rollouts, RolloutsStep
from envs.episodes.episodes import (
    EpisodeWriter,
    Manifest,
    manifest_files,
    merge_manifests,
    read_manifest,
)
from envs.episodes.manifest import MANIFEST
from envs.manipulation import ManipulationEnv
from envs.streams import derive_seed
from tasks.distillation.distill import STUDENTS
from tasks.distillation.reader import Reader
from tasks.experts.experts import open_task
from tasks.experts.policy import Expert, load_expert
from tasks.rollouts.bursts import CommandBursts, deal_assisted, deal_levels
from tasks.rollouts.filters import Counts, keep
from tasks.running.context import Context

MIB = 1 << 20


@dataclass(frozen=True)
class Chunk:
    """What one chunk recorded: T steps of N environments."""

    frames: dict[str, np.ndarray]  # field -> [T, N, ...]
    ended: np.ndarray  # [T, N] bool, the episode ended with this step
    dropped: np.ndarray  # [T, N] bool, in a drop
    goals: int  # reached


def rollouts(config: RolloutsStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish episode shards and their manifest (envs/episodes/episodes.py) of one style's expert.

    Raises:
        UserError: unknown style or mode, no episode was kept, or an expert cannot be used.
    """
    layout = config.world.embodiment.make_layout()
    mode = mode_of(config, layout)
    torch.set_num_threads(config.rollouts.threads)
    folders = [context.scratch / f"chunk_{i:05d}" for i in range(config.rollouts.chunks)]
    missing = [i for i, folder in enumerate(folders) if not (folder / MANIFEST).exists()]
    if missing:
        collect(config, refs, context, layout, mode, {i: folders[i] for i in missing})
    merged = merge_chunks([read_manifest(folder, layout) for folder in folders], config.style)
    files = {MANIFEST: merged.write(context.scratch)}
    for folder in folders:
        files |= {name: path for name, path in manifest_files(folder).items() if name != MANIFEST}
    for name, value in merged.counts.items():
        context.record(f"count/{name}", value)
    message = f"{merged.episodes} episodes, {merged.rows} frames of expert {config.style}"
    return context.publish(files, message, list(refs.values()))


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


def mode_of(config: RolloutsStep, layout: Layout) -> int:
    """Return the index of the mode that this style's frames are labelled with."""
    modes = config.rollouts.modes
    if config.style not in modes:
        raise UserError(
            f"rollouts: modes: {config.style!r} has no mode; set rollouts.modes.{config.style}"
        )
    if modes[config.style] not in layout.modes:
        raise UserError(
            f"rollouts: modes.{config.style}: unknown mode {modes[config.style]!r}; "
            f"one of {', '.join(layout.modes)}"
        )
    return layout.modes.index(modes[config.style])


def collect(
    config: RolloutsStep,
    refs: Mapping[str, Ref],
    context: Context,
    layout: Layout,
    mode: int,
    folders: Mapping[int, Path],
) -> None:
    """Make the chunks that are missing, each into its folder."""
    settings = config.rollouts
    objects, grasps = open_task(layout, refs, context)
    expert = load_expert(context.open(refs["expert"]), layout)
    student = STUDENTS.read(context.open(refs["student"]), layout)
    assisted = deal_assisted(
        settings.assisted, len(settings.levels) * len(objects), settings.environments
    )
    levels = deal_levels(settings.levels, len(objects), settings.environments)
    steps = max(round(settings.chunk_s * layout.control_hz), 1)
    for number, folder in folders.items():
        seed = derive_seed(config.seed, "rollouts", config.style, "chunk", number)
        env = ManipulationEnv(  # anew each time, since making it draws the objects' scales
            config.world,
            objects,
            grasps,
            num_envs=settings.environments,
            seed=seed,
            style=config.style,
            threads=context.threads,
        )
        rng = np.random.default_rng(derive_seed(seed, "noise"))
        hand = config.world.embodiment.hand
        bursts = CommandBursts(settings.bursts, levels, hand, layout, rng)
        part = StudentsPart(Reader(student, env.num_envs), torch.from_numpy(assisted))
        chunk = record(env, expert, bursts, steps, mode, part)
        env.close()
        write(chunk, folder, settings, layout, first_id=number * steps * env.num_envs)
        context.progress(number + 1, settings.chunks, "chunks")


@dataclass(frozen=True)
class StudentsPart:
    """A student that reads bad commands, and the environments [N] in which it acts."""

    reader: Reader
    assisted: torch.Tensor  # [N] bool

    def action(self, env: ManipulationEnv, command: np.ndarray, bad: np.ndarray) -> torch.Tensor:
        """Return what is executed [N, n]: a bad command as read where it is assisted."""
        said = torch.from_numpy(command)
        read = self.reader.read(env, said)
        return torch.where((self.assisted & torch.from_numpy(bad))[:, None], read, said)


def record(
    env: ManipulationEnv,
    expert: Expert,
    bursts: CommandBursts,
    steps: int,
    mode: int,
    part: StudentsPart,
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
        frame = env.frame()
        command = bursts.command(expert(env).numpy(), env.joint_target.numpy())
        _, _, done, extras = env.step(part.action(env, command, bursts.bad))
        frame["command"] = command
        frame["action"] = env.applied_action.numpy()
        frame["clean"][:] = ~bursts.bad
        frame["mode"][:] = mode
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
    counts = Counts()
    for episode, dropped in episodes(chunk):
        kept = keep(episode, dropped, config.filter, layout.control_hz, counts)
        if kept is not None:
            kept["episode"][:] = first_id + counts.episodes
            writer.append(kept)
    return writer.close(asdict(counts) | {"goals": chunk.goals})

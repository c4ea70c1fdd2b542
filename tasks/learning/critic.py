"""Step `critic`: rollouts that keep their drops become a risk critic."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from configs.errors import UserError
from configs.layout import Layout
from configs.refs import Ref
from configs.schema.critic import CriticNetwork, CriticStep, CriticTraining
from models.critic import Critic
from models.kinematics import Kinematics
from models.weights import Artifact
from tasks.learning.buffers import WindowStream, generator, in_one_buffer
from tasks.learning.windows import (
    Frames,
    gather,
    join_frames,
    read_frames,
    split_episodes,
    thin,
    window_rows,
)
from tasks.running.context import Context

CRITICS = Artifact("critic", "critic", 1, "network", CriticNetwork, Critic)
CHECKPOINT = "checkpoint.ckpt"  # in the step's scratch folder


@dataclass(frozen=True)
class Outcomes:
    """Windows and what came of them."""

    history: Tensor  # [B, H, S]
    action: Tensor  # [B, n]
    soon: Tensor  # [B] float32, 1 where a drop came within the horizon


@dataclass(frozen=True)
class Lessons:
    """Which rows the critic learns from, and what came of them."""

    frames: Frames
    soon: Tensor  # [N] float32, 1 where a drop came within the horizon
    training: Tensor  # rows
    validation: Tensor  # rows, evenly thinned
    layout: Layout

    def gather(self, frames: Frames, rows: Tensor) -> Outcomes:
        windows = gather(frames, rows, self.layout)
        return Outcomes(windows.history, windows.action, self.soon[rows])


def critic(config: CriticStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Train on every `hazards/<style>` and publish critic.safetensors and critic.json.

    Killed and started again, it goes on from its last checkpoint and ends with the same bits.

    Raises:
        LayoutMismatch: rollouts of another layout. UserError: none end in a drop, or none do
            not. UserError: too few or too many frames. UserError: losses not finite.
    """
    from tasks.learning.loop import fit

    layout, settings = config.embodiment.make_layout(), config.critic
    torch.set_num_threads(settings.threads)
    kinematics = Kinematics(config.embodiment.hand)
    folders = [context.open(ref) for _, ref in sorted(refs.items())]
    frames = join_frames(
        [read_frames(folder, layout, kinematics, settings.max_frames) for folder in folders]
    )
    lessons = choose_lessons(frames, layout, settings, config.seed)
    model = make_critic(lessons, layout, settings, config.seed)
    read = in_one_buffer(frames, lessons.training, config.seed, 0)
    stream = WindowStream(read, lessons.gather)

    def losses(model: Critic, index: int) -> dict[str, Tensor]:
        windows = stream.take(settings.batch)
        draws = generator(config.seed, 2, index)
        shape = (settings.batch, layout.history, layout.step_size)
        jitter = settings.history_noise * torch.randn(shape, generator=draws)
        return {"risk": model.loss(windows.history, windows.action, windows.soon, jitter)}

    def report(done: int, model: Critic, found: dict[str, float]) -> None:
        figures = {f"critic.{name}": value for name, value in found.items()}
        figures |= judge(model, lessons)
        for name, value in figures.items():
            context.record(name, value, done * settings.batch)

    path = context.scratch / CHECKPOINT
    trained = fit(model, settings, losses, path, report, context.progress, stream)
    stream.close()
    files = CRITICS.write(
        trained,
        context.scratch,
        layout,
        settings.network,
        horizon_s=settings.horizon_s,
        figures=judge(trained, lessons),
    )
    return context.publish(files, "risk critic", list(refs.values()))


def choose_lessons(frames: Frames, layout: Layout, settings: CriticTraining, seed: int) -> Lessons:
    """Return rows whose outcome is known: near the end of an episode that was cut off, it is not.

    Raises:
        UserError: a value is not finite, or all outcomes are alike.
    """
    horizon = round(settings.horizon_s * layout.control_hz)
    if not all(part.isfinite().all() for part in (frames.step, frames.keypoints, frames.action)):
        raise UserError("hazards: hold values that are not finite; make the rollouts again")
    left = frames.last - torch.arange(len(frames))  # steps to the episode's end
    dropped = frames.drop[frames.last]
    soon = (dropped & (left < horizon)).float()
    held_back = split_episodes(frames, settings.validation_share, seed)
    known = dropped | (left >= horizon)
    rows = {}
    for name, among in (("training", ~held_back), ("validation", held_back)):
        part = window_rows(frames, among & known, layout.horizon)
        if len(part) == 0 or not 0 < soon[part].mean() < 1:
            raise UserError(
                f"hazards: {len(part)} frames for {name}, all of one outcome: a critic learns "
                "from drops and from holds; raise hazards.chunks or change hazards.levels"
            )
        rows[name] = part
    validation = thin(rows["validation"], settings.validation_windows)
    return Lessons(frames, soon, rows["training"], validation, layout)


def make_critic(lessons: Lessons, layout: Layout, settings: CriticTraining, seed: int) -> Critic:
    """Return a critic with seeded weights and statistics of the training windows."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, 3).initial_seed())
        model = Critic(layout, settings.network)
    rows = thin(lessons.training, settings.statistics_windows)
    windows = gather(lessons.frames, rows, layout)
    model.normalizer.fit(windows.history, windows.motion, settings.minimum_std)
    return model


@torch.no_grad()
def judge(model: Critic, lessons: Lessons) -> dict[str, float]:
    """Return the loss on episodes held back, what a constant would lose, and the ranking."""
    windows = lessons.gather(lessons.frames, lessons.validation)
    soon = windows.soon
    state = model.normalizer.history(windows.history).flatten(1)
    logit = model.logit(state, windows.action)
    cross = torch.nn.functional.binary_cross_entropy_with_logits(logit, soon)
    share = float(soon.mean())
    return {
        "validation.risk": float(cross),
        "validation.constant": -share * math.log(share) - (1 - share) * math.log(1 - share),
        "validation.area": area_under_curve(logit, soon),
    }


def area_under_curve(score: Tensor, positive: Tensor) -> float:
    """Return the chance that a positive [B] scores above a negative (Mann and Whitney).

    Equal scores share their ranks: they count as half.
    """
    _, place, equal = score.unique(return_inverse=True, return_counts=True)
    ranks = (equal.cumsum(0) - (equal.double() - 1) / 2)[place]
    count = positive.sum().double()
    others = len(positive) - count
    below = ranks[positive > 0].sum() - count * (count + 1) / 2
    return float(below / (count * others))

"""The step `distill`: clean experts, who see object and goal, become a student who does not."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from configs.errors import UserError
from configs.files import replacing
from configs.layout import Layout
from configs.refs import Ref
from configs.schema.student import DistillStep, Doubt, StudentNetwork
from models.student import WAY, Student
from models.weights import Artifact
from tasks.distillation.practice import ReadingLessons, practise
from tasks.experts.experts import open_task
from tasks.experts.policy import load_expert
from tasks.learning.buffers import generator
from tasks.running.context import Context

STUDENTS = Artifact("student", "distill", 2, "network", StudentNetwork, Student)
EXPERT = "expert/"  # prefix of the references to experts; the style follows


def distill(config: DistillStep, refs: Mapping[str, Ref], context: Context) -> Ref:
    """Publish student.safetensors and student.json, learnt in rounds of practice (DAgger).

    Killed and started again, it goes on with the round it was in and ends with the same bits.

    Raises:
        UserError: an expert that cannot be used, or losses that are not finite.
    """
    layout, settings = config.world.embodiment.make_layout(), config.distill
    torch.set_num_threads(settings.threads)
    objects, grasps = open_task(layout, refs, context)
    folders = [context.open(ref) for name, ref in sorted(refs.items()) if name.startswith(EXPERT)]
    experts = [load_expert(folder, layout) for folder in folders]
    student = make_student(layout, settings.network, config.training_seed)
    optimizer = torch.optim.AdamW(
        student.parameters(), weight_decay=settings.optimizer.weight_decay, fused=True
    )
    ticks = round(settings.round_s * layout.control_hz)
    lessons: list[ReadingLessons] = []
    for number in range(settings.rounds):
        practised = context.scratch / f"round_{number:03d}.safetensors"
        learnt = context.scratch / f"student_{number:03d}.pt"
        if not practised.exists():

            def progress(tick: int, number: int = number) -> None:
                done = number * ticks + tick
                context.progress(done, settings.rounds * ticks, "ticks of practice")

            made, figures = practise(
                config, number, objects, grasps, experts, student, context.threads, progress
            )
            for name, value in figures.items():
                context.record(f"practice/{name}", value, number)
            made.save(practised)
        lessons.append(ReadingLessons.load(practised))
        if not learnt.exists():
            loss = learn(student, optimizer, lessons, config, number)
            context.record("student/loss", loss, number)
            keep(learnt, student, optimizer)
        state = torch.load(learnt, weights_only=True)
        student.load_state_dict(state["student"])
        optimizer.load_state_dict(state["optimizer"])
    remember(student, lessons, settings.doubt)
    files = STUDENTS.write(student, context.scratch, layout, settings.network)
    return context.publish(files, "student", list(refs.values()))


def make_student(layout: Layout, network: StudentNetwork, seed: int) -> Student:
    """Return a student with seeded weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, 5).initial_seed())
        return Student(layout, network)


def learn(
    student: Student,
    optimizer: torch.optim.Optimizer,
    lessons: Sequence[ReadingLessons],
    config: DistillStep,
    number: int,
) -> float:
    """Make round `number`'s batches of all lessons so far; return the last tenth's mean loss.

    The learning rate falls to zero over the rounds, after a warm-up in the first.
    """
    settings = config.distill
    sizes = torch.tensor([len(part) for part in lessons])
    draws = generator(config.training_seed, 6, number)
    total = settings.rounds * settings.batches
    losses = []
    for index in range(settings.batches):
        done = number * settings.batches + index
        warm = min(1.0, (done + 1) / max(settings.optimizer.warmup * total, 1.0))
        for group in optimizer.param_groups:
            group["lr"] = settings.optimizer.learning_rate * warm * (1.0 - done / total)
        rows = torch.randint(int(sizes.sum()), (settings.batch,), generator=draws)
        features, action, way = take(lessons, rows)
        features += settings.input_noise * torch.randn(features.shape, generator=draws)
        read, seen = student(features)
        wrong = torch.nn.functional.smooth_l1_loss(read, action, beta=settings.linear_from)
        loss = wrong + settings.way_weight * (seen - way / WAY).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), settings.optimizer.gradient_clip)
        optimizer.step()
        losses.append(float(wrong.detach()))
    recent = losses[-max(len(losses) // 10, 1) :]
    if not all(map(torch.isfinite, torch.tensor(losses))):
        raise UserError("distill: losses are not finite; lower distill.optimizer.learning_rate")
    return sum(recent) / len(recent)


@torch.no_grad()
def remember(student: Student, lessons: Sequence[ReadingLessons], doubt: Doubt) -> None:
    """Let the student know what its lessons looked like, those of the later half."""
    late = lessons[len(lessons) // 2 :]
    stride = max(sum(len(part) for part in late) // doubt.samples, 1)
    student.remember(torch.cat([part.features[::stride].float() for part in late]), doubt)


def take(
    lessons: Sequence[ReadingLessons], rows: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return features, actions and ways [B, ...] of rows [B] numbered over all rounds."""
    size = len(lessons[0])  # rounds are equally long
    part, place = rows // size, rows % size
    order = torch.argsort(part, stable=True)
    features, action, way = [], [], []
    for number, some in enumerate(lessons):
        chosen = place[order][part[order] == number]
        features.append(some.features.index_select(0, chosen))
        action.append(some.action.index_select(0, chosen))
        way.append(some.way.index_select(0, chosen))
    back = torch.argsort(order)
    joined = (torch.cat(parts).index_select(0, back) for parts in (features, action, way))
    features, action, way = (part.float() for part in joined)
    return features, action, way


def keep(path: Path, student: Student, optimizer: torch.optim.Optimizer) -> None:
    """Write what a resume needs, whole or not at all."""
    content = {"student": student.state_dict(), "optimizer": optimizer.state_dict()}
    with replacing(path) as temporary:
        torch.save(content, temporary)

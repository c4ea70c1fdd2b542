"""The step `distill` on a tiny world: it learns, goes on after a kill, and says what is wrong."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from configs.errors import UserError
from configs.load import load
from configs.schema.pipeline import Config
from configs.schema.student import DistillStep
from tasks.distillation.distill import STUDENTS, distill
from tasks.distillation.practice import ReadingLessons, student_share
from tests.contexts import Interrupted, Stopping
from tests.tasks.experts.expert_workshop import Workshop, make_workshop, publish_untrained

TINY = (
    "distill.network.hidden=[32]",
    "distill.environments=16",
    "distill.rounds=2",
    "distill.round_s=3",
    "distill.spell_s=[0.5,1.5]",
    "distill.batches=150",
    "distill.batch=128",
    "distill.doubt.samples=500",
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    made = publish_untrained(make_workshop(tmp_path_factory.mktemp("distill"), "trident", TINY))
    expert = made.refs["expert"]
    refs = {name: ref for name, ref in made.refs.items() if name not in ("expert", "student")}
    return replace(made, refs=refs | {"expert/fast": expert})


@pytest.fixture(scope="module")
def step(workshop) -> DistillStep:
    config = workshop.config
    return DistillStep(world=config.world, distill=config.distill, seed=0, training_seed=0)


@pytest.fixture(scope="module")
def first(workshop, step):
    """Return the context of a whole run, and the folder of what it published."""
    context = workshop.context("first")
    return context, context.open(distill(step, workshop.refs, context))


def test_it_reads_better_than_who_answers_nothing(workshop, step, first):
    """On the last round's lessons, which it has learnt from: tiny as it is, it can fit them."""
    context, folder = first
    student = STUDENTS.read(folder, workshop.config.embodiment.make_layout())
    lessons = ReadingLessons.load(context.scratch / "round_001.safetensors")
    assert len(lessons) == 16 * 3 * 20
    meant = lessons.action.float()
    with torch.no_grad():
        reading = student.read(lessons.features.float())
    nothing = float(meant.square().mean())
    assert float((reading.action - meant).square().mean()) < 0.75 * nothing
    assert 0.5 < float(reading.trust.mean()) <= 1.0
    rows = [json.loads(line) for line in context.metrics_file.read_text().splitlines()]
    losses = [row["value"] for row in rows if row["name"] == "student/loss"]
    errors = [row["value"] for row in rows if row["name"] == "practice/error"]
    assert len(losses) == 2
    assert losses[1] < nothing
    assert len(errors) == 2


def test_killed_in_a_round_it_ends_with_the_same_bytes(workshop, step, first):
    """On another number of threads too."""
    _, folder = first
    context = workshop.context("killed", threads=2)
    killed = replace(context, progress=Stopping("distill", at=3 * 20 + 1))
    with pytest.raises(Interrupted):
        distill(step, workshop.refs, killed)
    practised = context.scratch / "round_000.safetensors"
    before = practised.stat().st_mtime_ns
    again = context.open(distill(step, workshop.refs, context))
    assert practised.stat().st_mtime_ns == before  # the first round is not practised again
    for name in (STUDENTS.weights, STUDENTS.description):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_another_training_seed_is_another_student(workshop, step, first):
    """From the same first round, which does not depend on the networks."""
    context = workshop.context("seed")
    folder = context.open(distill(replace(step, training_seed=1), workshop.refs, context))
    weights, others = (each / STUDENTS.weights for each in (folder, first[1]))
    assert weights.read_bytes() != others.read_bytes()
    one, other = (load_file(each.scratch / "round_000.safetensors") for each in (first[0], context))
    assert all(torch.equal(values, other[name]) for name, values in one.items())


def test_losses_that_are_not_finite_are_an_error(workshop, step):
    optimizer = replace(step.distill.optimizer, learning_rate=1e30)
    wild = replace(step, distill=replace(step.distill, optimizer=optimizer))
    with pytest.raises(UserError, match=r"lower distill\.optimizer\.learning_rate"):
        distill(wild, workshop.refs, workshop.context("wild"))


def test_the_student_acts_more_from_round_to_round():
    """Not in the first, in which it knows nothing; then from a half to 85 parts of a hundred."""
    config = load(Config, ["distill.rounds=4", "distill.acts=[0.5,0.85]"])
    step = DistillStep(world=config.world, distill=config.distill, seed=0, training_seed=0)
    shares = [student_share(step, number) for number in range(4)]
    assert shares == pytest.approx([0.0, 0.5, 0.675, 0.85])

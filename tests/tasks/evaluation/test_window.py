"""Contacts that are judged in a window of real environments, with forces set by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.bundle import open_bundle
from models.session import Session
from tasks.commanders.perturbations import Command
from tasks.evaluation.inputs import make_env, open_inputs
from tasks.evaluation.metrics import COUNTS
from tasks.evaluation.trial import Setup, TrialTable, make_window
from tasks.evaluation.variants import strength_of

PERTURBATIONS = ("withdraw_finger", "noisy_2.0")


@pytest.fixture
def window(laboratory):
    """A window of two perturbations, two variants and 3 + 2 pairs, before its first step."""
    evaluate, world = laboratory.step.evaluate, laboratory.step.world
    context = laboratory.context("window")
    inputs = open_inputs(world, evaluate, laboratory.refs, context)
    bundle = open_bundle(context.open(laboratory.refs["bundle"]), inputs.layout)
    variants = {name: evaluate.variants[name] for name in ("unassisted", "paper")}
    strengths = {name: strength_of(v, bundle.manifest) for name, v in variants.items()}
    table = TrialTable(PERTURBATIONS, variants, strengths, evaluate.pairs, 1, 1.0, 2)
    stage = Setup(world, evaluate, inputs, Session(bundle), 0, 1)
    arrangement = table.arrangement(inputs)
    env = make_env(world, inputs, arrangement, 1.0, 0, 1)
    yield make_window(stage, table, env, arrangement, lambda purpose: len(purpose), None)
    env.close()


def test_a_judged_contact_is_kept_if_it_presses_and_nothing_was_dropped(window):
    """Environment e of 20: perturbation e // 10, variant e // 5 % 2, pair e % 5."""
    fingers = window.answers.layout.num_tips
    force = torch.zeros(20, fingers)
    judged = np.zeros((2, 5, fingers), bool)
    judged[0, 0, 1] = judged[0, 1, 1] = judged[0, 2, :2] = judged[1, 4, 2] = True
    force[0, 1] = 0.06  # environment 0: asked 1, kept 1
    force[1, 0] = 9.0  # another finger than the one that is asked about: asked 1, kept 0
    force[2, :2] = torch.tensor([0.06, 0.04])  # below 0.05 N is no contact: asked 2, kept 1
    force[9, 2] = 9.0  # dropped in this step: asked 1, kept 0
    force[10:] = 9.0  # of a perturbation that is not judged
    window.env.physics = replace(window.env.physics, contact_force=force)
    dropped = np.arange(20) == 9
    action = np.zeros((2, 5, window.answers.layout.num_joints), np.float32)
    withdrawn = Command(action, action, None, judged)
    counts = {name: np.zeros(20) for name in COUNTS}
    window.judge_contacts([withdrawn, Command(action, action, None)], dropped, counts)
    assert np.flatnonzero(counts["asked"]).tolist() == [0, 1, 2, 9]
    assert counts["asked"][[0, 1, 2, 9]].tolist() == [1, 1, 2, 1]
    assert counts["kept"][[0, 1, 2, 9]].tolist() == [1, 0, 1, 0]
    window.judge_contacts([withdrawn, Command(action, action, None)], dropped, counts)
    assert counts["kept"].sum() == 4  # counts add up


def test_commanders_see_which_fingers_touch(window):
    force = torch.zeros(20, window.answers.layout.num_tips)
    force[7, 2] = 0.06
    force[13, 0] = 0.06
    window.env.physics = replace(window.env.physics, contact_force=force)
    first, second = window.situations()
    assert np.argwhere(first.touching).tolist() == [[1, 2, 2]]
    assert np.argwhere(second.touching).tolist() == [[0, 3, 0]]
    assert first.started.all()

"""A network goes into files and comes back; what is no such network is refused in one line."""

import json

import pytest
import torch

from configs.errors import UserError
from configs.layout import LayoutMismatch
from models.controller import Controller
from models.critic import Critic
from tasks.distillation.distill import STUDENTS
from tasks.experts.policy import POLICIES
from tasks.learning.critic import CRITICS
from tasks.learning.train import CONTROLLERS
from tests.models.small_networks import (
    NETWORK,
    STUDENT,
    controller_config,
    make_controller,
    make_critic,
    make_student,
)


@pytest.fixture(params=["controller", "critic", "student"])
def kept(request, bodies):
    """Return (artifact, network, what it is built from) on Allegro."""
    layout, config = bodies["allegro"].layout, controller_config()
    return {
        "controller": (CONTROLLERS, make_controller(layout, config), config),
        "critic": (CRITICS, make_critic(layout), NETWORK),
        "student": (STUDENTS, make_student(layout), STUDENT),
    }[request.param]


def test_a_network_goes_and_comes_back(kept, bodies, tmp_path):
    artifact, network, config = kept
    layout = bodies["allegro"].layout
    files = artifact.write(network, tmp_path, layout, config, figures={"risk": 0.5})
    loaded = artifact.read(tmp_path, layout)
    wanted, found = network.state_dict(), loaded.state_dict()
    assert wanted.keys() == found.keys()
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)
    assert json.loads(files[artifact.description].read_text())["figures"] == {"risk": 0.5}
    content = [path.read_bytes() for path in files.values()]
    files = artifact.write(loaded, tmp_path, layout, config, figures={"risk": 0.5})
    assert [path.read_bytes() for path in files.values()] == content


def refused(artifact, folder, layout) -> str:
    with pytest.raises(UserError) as caught:
        artifact.read(folder, layout)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_such_network_is_refused(kept, bodies, tmp_path):
    artifact, network, config = kept
    layout = bodies["allegro"].layout
    none = f"not a trained {artifact.name} "
    assert none in refused(artifact, tmp_path, layout)
    files = artifact.write(network, tmp_path, layout, config)
    with pytest.raises(LayoutMismatch, match="layout fingerprint"):
        artifact.read(tmp_path, bodies["trident"].layout)
    weights, description = files.values()
    weights.write_bytes(weights.read_bytes()[:100])
    assert "not the weights of this network" in refused(artifact, tmp_path, layout)
    weights.unlink()
    assert "not the weights of this network" in refused(artifact, tmp_path, layout)
    about = json.loads(description.read_text())
    for content, said in (
        ("no json", none),
        ("[1]", none),
        (json.dumps({"format": artifact.version}), none),
        (json.dumps(about | {"format": 9}), f"format 9, expected {artifact.version}"),
        (json.dumps(about | {artifact.key: {}}), f"{artifact.description}"),
    ):
        description.write_text(content)
        assert said in refused(artifact, tmp_path, layout)


def test_a_network_without_statistics_is_not_written(body, tmp_path):
    for artifact, network, config in (
        (CONTROLLERS, Controller(body.layout, controller_config()), controller_config()),
        (CRITICS, Critic(body.layout, NETWORK), NETWORK),
    ):
        with pytest.raises(UserError, match="statistics are missing"):
            artifact.write(network, tmp_path, body.layout, config)


def test_an_expert_is_refused_like_the_others(body, tmp_path):
    assert "policy.json: not a trained policy" in refused(POLICIES, tmp_path, body.layout)

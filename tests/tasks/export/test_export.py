"""The exported bundle: the same numbers as the network, the structure that was asked for."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from configs.errors import UserError
from configs.load import load
from configs.refs import Ref
from configs.schema.export import ExportStep
from configs.schema.pipeline import Config
from envs.grasp_set import GraspSet
from envs.shapes.objects import ObjectModel, save_objects
from models.assistance import Assistance
from models.bundle import CRITIC, GRAPH, SCENARIO, STUDENT, Bundle, open_bundle
from models.controller import Controller
from models.critic import Critic
from models.kinematics import Kinematics
from models.session import INPUTS, OUTPUTS, Question, Session
from models.strength import KEYS, Strength
from models.student import Student
from models.weights import load_weights
from tasks.distillation.distill import STUDENTS
from tasks.distillation.distill import make_student as new_student
from tasks.export.export import CALIBRATION, export, read_calibration
from tasks.export.graph import compare, draw_inputs
from tasks.learning.critic import CRITICS
from tasks.learning.train import CONTROLLERS
from tasks.running.context import Context
from tests.contexts import make_context
from tests.tasks.synthetic_grasps import chain, make_grasps

SETTINGS = [
    "train.controller.denoiser.hidden=16",
    "train.controller.denoiser.blocks=2",
    "train.controller.denoiser.encoder_hidden=24",
    "train.controller.denoiser.encoder_layers=3",
    "train.controller.inverse_dynamics.hidden=16",
    "train.controller.inverse_dynamics.blocks=1",
    "critic.network.hidden=12",
    "critic.network.layers=2",
    "distill.network.hidden=[12]",
    "export.sampling.steps=3",
    "export.scenario_grasps=4",
    # An untrained network has places where its action follows a motion's last bits.
    "export.parity.action=0.0005",
]

TOLERANCES = {  # of what the graph computes
    "target": 1e-5,
    "action": 5e-4,
    "motion": 1e-6,
    "meant": 1e-4,
    "trust": 1e-4,
    "gain": 0.0,
    "memory": 1e-4,
}
CHOICE = {
    name: dict(zip(KEYS, values, strict=True))
    for name, values in (
        ("paper", (0.0, 1.0, 1.0, 1.0, 0.3, 0.0)),
        ("guarded", (1.0, 0.7, 0.4, 0.05, 0.7, 1.0)),
    )
}


def config_of(hand: str, *overrides: str) -> Config:
    return load(Config, [f"hand={hand}", *SETTINGS, *overrides])


def step_of(config: Config) -> ExportStep:
    return ExportStep(embodiment=config.embodiment, export=config.export, seed=config.seed)


def make_controller(config: Config) -> Controller:
    torch.manual_seed(0)
    layout = config.embodiment.make_layout()
    controller = Controller(layout, config.train.controller)
    torch.nn.init.normal_(controller.denoiser.output.weight, std=0.1)  # it starts from 0
    controller.normalizer.fit(
        0.5 + 0.1 * torch.randn(50, layout.history, layout.step_size),
        0.001 * torch.randn(50, *layout.motion_shape),
        1e-4,
    )
    return controller.requires_grad_(False).eval()


def make_critic(config: Config) -> Critic:
    torch.manual_seed(1)
    layout = config.embodiment.make_layout()
    critic = Critic(layout, config.critic.network)
    torch.nn.init.normal_(critic.output.weight, std=3.0)  # so that gains of every size occur
    critic.normalizer.fit(
        0.5 + 0.1 * torch.randn(50, layout.history, layout.step_size),
        0.001 * torch.randn(50, *layout.motion_shape),
        1e-4,
    )
    return critic.requires_grad_(False).eval()


def make_student(config: Config) -> Student:
    student = new_student(config.embodiment.make_layout(), config.distill.network, 2)
    student.middle.zero_()
    student.whiten.copy_(torch.eye(student.memory.width))
    student.believed.copy_(torch.tensor([0.0, 3.0]))  # so that trust of every size occurs
    return student.requires_grad_(False).eval()


def make_assistance(config: Config) -> Assistance:
    return Assistance(
        make_controller(config),
        make_critic(config),
        make_student(config),
        Kinematics(config.hand),
        config.export.sampling,
        config.export.activity,
    )


def publish_networks(config: Config, home: Path) -> dict[str, Ref]:
    """Publish controller, critic and student, as their steps do."""
    layout, refs = config.embodiment.make_layout(), {}
    networks = {
        "controller": ("train", CONTROLLERS, make_controller(config), config.train.controller),
        "critic": ("critic", CRITICS, make_critic(config), config.critic.network),
        "student": ("distill", STUDENTS, make_student(config), config.distill.network),
    }
    for name, (step, kind, network, settings) in networks.items():
        context = make_context(home, step, step)
        files = kind.write(network, context.scratch, layout, settings)
        refs[name] = context.publish(files, name, [])
    return refs


def publish_inputs(config: Config, home: Path) -> dict[str, Ref]:
    """Publish networks, calibration, and objects and grasps of the training, as the steps do."""
    layout, refs = config.embodiment.make_layout(), publish_networks(config, home)
    context = make_context(home, "calibrate", "calibrate")
    path = context.scratch / CALIBRATION
    path.write_text(json.dumps({"choice": CHOICE, "rule": "by hand", "rows": []}))
    refs["calibration"] = context.publish({CALIBRATION: path}, "calibration", [])
    context = make_context(home, "objects", "objects")
    models = [ObjectModel(item) for item in config.objects.items.values()]
    files = {path.name: path for path in save_objects(models, context.scratch)}
    refs["objects/all"] = context.publish(files, "objects", [])
    for name, count in (("box", 6), ("sphere", 3)):
        context = make_context(home, f"grasps-{name}", "grasps")
        grasps = make_grasps(layout.num_joints, layout.num_tips, chain(count), name)
        path = context.scratch / "grasps.safetensors"
        grasps.save(path, layout)
        refs[f"grasps/{name}"] = context.publish({path.name: path}, "grasps", [refs["objects/all"]])
    return refs


@pytest.fixture(scope="module", params=["allegro", "trident"])
def exported(request, tmp_path_factory) -> tuple[Config, Bundle, dict[str, Ref], Context]:
    config, home = config_of(request.param), tmp_path_factory.mktemp("export")
    refs, context = publish_inputs(config, home), make_context(home, "export", "export")
    published = export(step_of(config), refs, context)
    return config, open_bundle(context.open(published), None), refs, context


def test_graph_computes_what_the_network_computes(exported):
    """Over steps that go on from each one's own memory, alone and in a batch."""
    config, bundle, _, _ = exported
    assistance, session = make_assistance(config), Session(bundle)
    gains, trusts = set[float](), set[float]()
    for batch in (1, 2, 17):
        ours, theirs = assistance.student.memory.empty(batch), np.empty(0)
        for step in range(4):
            inputs = dict(
                zip(INPUTS, draw_inputs(assistance, batch, seed=10 * batch + step), strict=True)
            )
            wanted = assistance(**inputs | {"memory": ours})
            given = {name: tensor.numpy() for name, tensor in inputs.items()}
            found = session.assist(Question(**given | ({"memory": theirs} if step else {})))
            for name, least in TOLERANCES.items():
                actual, expected = getattr(found, name), getattr(wanted, name)
                np.testing.assert_allclose(actual, expected, atol=least, rtol=1e-7, err_msg=name)
            assert (found.memory[:, 0] == step + 1).all()  # how long the episode is
            ours, theirs = wanted.memory, found.memory
            gains.update(found.gain.tolist())
            trusts.update(np.round(found.trust, 2).tolist())
    assert len(gains) > 2
    assert len(trusts) > 2
    differences = compare(assistance, session, config.export.parity, seed=3)
    assert max(differences.values()) < 5e-4


@pytest.mark.parametrize("name", ["target", "gain", "trust"])
def test_another_networks_graph_fails_the_comparison(exported, name):
    config, bundle, _, _ = exported
    other = make_assistance(config)
    if name == "target":
        other.controller.inverse_dynamics.mean.bias += 0.01
    elif name == "gain":
        other.critic.output.weight *= -1.0
    else:
        other.student.believed += 1.0
    wide = dict.fromkeys(OUTPUTS, 10.0) | {name: getattr(config.export.parity, name)}
    with pytest.raises(UserError, match=rf"export\.parity\.{name}: .* differ by"):
        compare(other, Session(bundle), replace(config.export.parity, **wide), seed=0)


def test_what_need_not_be_repeated_stands_once_in_the_graph(exported):
    config, bundle, _, _ = exported
    graph = onnx.load_from_string(bundle.read(GRAPH)).graph
    blocks, layers = 2, 3
    unet = 1 + 2 * blocks + 2 + 3 * blocks + 1  # in, down, middle, up with residuals, out
    once = layers + 1 + (1 + 2 * 1 + 1)  # state encoder, FiLM, inverse dynamics without spread
    once += 2 + 1  # the critic's layers and its output, all gains at once
    once += 3 + 1  # the student's layer, guess and departure, and the distance; no way
    once += len(config.hand.fingers[0].links)  # what is read is made a motion: a turn a joint
    products = sum(node.op_type in ("Gemm", "MatMul") for node in graph.node)
    assert products == once + config.export.sampling.steps * unet
    assert not {node.op_type for node in graph.node} & {"If", "Loop", "Scan"}
    names = "target action next_motion meant trust gain next_memory"
    assert [node.name for node in graph.output] == names.split()
    for node in (*graph.input, *graph.output):
        assert node.type.tensor_type.shape.dim[0].dim_param == "batch"


def test_bundle_says_where_it_comes_from(exported):
    config, bundle, refs, context = exported
    manifest = bundle.manifest
    assert manifest.ddim_steps == 3
    assert manifest.assistance == config.export.assistance
    assert manifest.assistances == {name: Strength(**row) for name, row in CHOICE.items()}
    assert manifest.lineage["inputs"] == {name: ref.version for name, ref in refs.items()}
    assert manifest.lineage["steps"][refs["controller"].version]["step"] == "train"
    names = [json.loads(row)["name"] for row in context.metrics_file.read_text().splitlines()]
    assert {f"export.parity.{name}" for name in OUTPUTS} <= set(names)


def test_bundle_holds_the_weights_of_critic_and_student(exported):
    config, bundle, _, _ = exported
    layout = bundle.layout
    for name, found, wanted in (
        (CRITIC, Critic(layout, config.critic.network), make_critic(config)),
        (STUDENT, Student(layout, config.distill.network), make_student(config)),
    ):
        load_weights(found, bundle.folder / name)
        assert all(torch.equal(v, found.state_dict()[n]) for n, v in wanted.state_dict().items())


def test_scenario_is_the_best_connected_object(exported):
    _, bundle, _, _ = exported
    grasps = GraspSet.load(bundle.folder / SCENARIO, bundle.layout)
    assert bundle.manifest.scenario.name == grasps.object == "box"
    assert len(grasps) == 4
    assert (grasps.neighbours >= 0).any(axis=1).all()


def test_equal_inputs_give_an_equal_bundle(exported, tmp_path):
    config, bundle, _, _ = exported
    refs = publish_inputs(config, tmp_path)
    context = make_context(tmp_path, "export", "export")
    (context.scratch / "bundle").mkdir()  # what a kill in mid-write may leave
    again = export(step_of(config), refs, context)
    assert open_bundle(context.open(again), bundle.layout).hash == bundle.hash


def test_a_damaged_calibration_is_refused_in_one_line(tmp_path):
    good = {"choice": CHOICE, "rule": "r", "rows": []}
    for content in (
        "no json",
        json.dumps(good | {"choice": 3}),
        json.dumps({"rule": "r"}),
        json.dumps(good | {"choice": {"paper": {"guidance": 0.3}}}),
        json.dumps(good | {"choice": {"paper": CHOICE["paper"] | {"caution": 2.0}}}),
    ):
        (tmp_path / CALIBRATION).write_text(content)
        with pytest.raises(ValueError, match=r"calibration\.json") as caught:
            read_calibration(tmp_path)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="run calibrate"):
        read_calibration(tmp_path / "nowhere")

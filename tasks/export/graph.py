"""A controller's assistance as an ONNX graph.

Everything is unrolled: each DDIM step stands in the graph with its constants, the noise levels'
part of FiLM is a constant, the state encoder is evaluated once. Torch's tracing exporter is used
and not the one over `torch.export`: for this graph, which has no control flow, it is twenty times
faster, its file holds no source paths (equal weights give equal bytes wherever they are exported)
and what it could get wrong, sizes frozen while tracing, is caught by `compare` at two batch sizes.
"""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from configs.errors import UserError
from configs.schema.export import Parity
from models.assistance import Assistance
from models.session import INPUTS, OUTPUTS, Question, Session
from models.strength import KEYS

# A graph's names are unique: an output cannot be called as an input is.
NAMES = tuple(f"next_{name}" if name in INPUTS else name for name in OUTPUTS)
CAUTION = 0.02  # greatest drawn: about what calibration chooses, where gains of all sizes occur
STEPS = 3  # of a memory that is compared: the first step, and some that go on


def export_graph(assistance: Assistance, path: Path, opset: int) -> None:
    """Write the graph with a dynamic batch; equal weights give equal bytes."""
    example = draw_inputs(assistance, 2, seed=0)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter is called old, and constants are traced
        torch.onnx.export(
            assistance.eval(),
            example,
            path,
            input_names=list(INPUTS),
            output_names=list(NAMES),
            dynamic_axes={name: {0: "batch"} for name in (*INPUTS, *NAMES)},
            opset_version=opset,
            dynamo=False,
        )


def draw_inputs(assistance: Assistance, batch: int, seed: int) -> tuple[Tensor, ...]:
    """Return the graph's inputs [batch, ...], in its order, as in the training data."""
    layout, normalizer = assistance.controller.layout, assistance.controller.normalizer
    draws = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn((batch, *shape), generator=draws)

    strength = torch.rand((batch, len(KEYS)), generator=draws)
    strength[:, KEYS.index("caution")] *= CAUTION
    return (
        normalizer.mean + normalizer.std * normal(layout.history, layout.step_size),
        normalizer.metres(normal(*layout.motion_shape)),
        2.0 * torch.rand((batch, layout.num_joints), generator=draws) - 1.0,
        assistance.student.memory.empty(batch),
        torch.randint(len(layout.modes), (batch,), generator=draws),
        strength,
        normal(*layout.motion_shape),
    )


def compare(
    assistance: Assistance, session: Session, parity: Parity, seed: int
) -> dict[str, float]:
    """Return the largest differences between network and graph, singly and in a batch.

    Each goes on for a few steps with its own memory.

    Raises:
        UserError: a difference is larger than `parity` allows.
    """
    worst = dict.fromkeys(OUTPUTS, 0.0)
    memory = INPUTS.index("memory")
    for batch in (1, parity.batch):
        theirs = ours = assistance.student.memory.empty(batch)
        for step in range(STEPS):
            inputs = list(draw_inputs(assistance, batch, seed + step))
            inputs[memory] = ours
            with torch.no_grad():
                wanted = assistance(*inputs)
            inputs[memory] = theirs
            found = session.assist(Question(*(tensor.numpy() for tensor in inputs)))
            ours, theirs = wanted.memory, torch.from_numpy(found.memory)
            for name in worst:
                difference = np.abs(getattr(wanted, name).numpy() - getattr(found, name)).max()
                worst[name] = max(worst[name], float(difference))
    for name, difference in worst.items():
        if not difference <= getattr(parity, name):
            raise UserError(
                f"export.parity.{name}: network and graph differ by {difference:.2g}, allowed "
                f"{getattr(parity, name):g}; try another export.opset"
            )
    return worst

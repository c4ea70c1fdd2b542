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

from configs.schema.export import Parity
from models.assistance import Assistance, Assisted
from models.session import INPUTS, Session

OUTPUTS = (
    "target",
    "action",
    "planned_motion",
    "gain",
)  # a graph's names are unique: `motion` is taken


CAUTION = 0.02  # greatest drawn: about what calibration chooses, where gains of all sizes occur


class ParityError(ValueError):
    """The exported graph does not compute what the network computes."""


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
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "batch"} for name in (*INPUTS, *OUTPUTS)},
            opset_version=opset,
            dynamo=False,
        )


def draw_inputs(assistance: Assistance, batch: int, seed: int) -> tuple[Tensor, ...]:
    """Return the graph's inputs [batch, ...], in its order, as in the training data."""
    layout, normalizer = assistance.controller.layout, assistance.controller.normalizer
    draws = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn((batch, *shape), generator=draws)

    return (
        normalizer.mean + normalizer.std * normal(layout.history, layout.step_size),
        normalizer.metres(normal(*layout.motion_shape)),
        2.0 * torch.rand((batch, layout.num_joints), generator=draws) - 1.0,
        torch.randint(len(layout.modes), (batch,), generator=draws),
        torch.rand(batch, generator=draws),
        CAUTION * torch.rand(batch, generator=draws),
        torch.rand(batch, generator=draws),
        normal(*layout.motion_shape),
    )


def compare(
    assistance: Assistance, session: Session, parity: Parity, seed: int
) -> dict[str, float]:
    """Return the largest differences between network and graph, singly and in a batch.

    Raises:
        ParityError: a difference is larger than `parity` allows.
    """
    worst = dict.fromkeys(Assisted._fields, 0.0)
    for batch in (1, parity.batch):
        inputs = draw_inputs(assistance, batch, seed)
        with torch.no_grad():
            wanted = assistance(*inputs)
        found = session.assist(*(tensor.numpy() for tensor in inputs))
        for name in worst:
            difference = np.abs(getattr(wanted, name).numpy() - getattr(found, name)).max()
            worst[name] = max(worst[name], float(difference))
    for name, difference in worst.items():
        if not difference <= getattr(parity, name):
            raise ParityError(
                f"export.parity.{name}: network and graph differ by {difference:.2g}, allowed "
                f"{getattr(parity, name):g}; try another export.opset"
            )
    return worst

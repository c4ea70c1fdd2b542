"""A network's weights as safetensors; nothing is unpickled."""

import json
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from configs.errors import UserError
from configs.layout import Layout
from configs.load import validate

T = TypeVar("T")


def save_weights(network: nn.Module, path: Path) -> None:
    """Write the weights and the statistics among them."""
    tensors = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, path)


def load_weights(network: nn.Module, path: Path) -> None:
    """Read what `save_weights` wrote into a network of the same make.

    Raises:
        UserError: missing file, or weights of another configuration or layout.
    """
    try:
        network.load_state_dict(load_file(path))
    except (FileNotFoundError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not the weights of this network: {reason:.200}") from None


def read_description(
    path: Path, layout: Layout, version: int, key: str, kind: type[T], *, what: str, stage: str
) -> T:
    """Read what a network is built from: the part `key` of the JSON file beside its weights.

    `what` and `stage` are for the error: what it should be, and which stage makes it.

    Raises:
        LayoutMismatch: of another layout. UserError: no such file, or of another format.
    """
    try:
        description = json.loads(path.read_text())
        if description["format"] != version:
            raise UserError(f"{path}: format {description['format']}, expected {version}")
        layout.require(description["layout"], str(path))
        return validate(kind, description[key], str(path))
    except (FileNotFoundError, json.JSONDecodeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not {what} ({reason}); run {stage}") from None

"""A network's weights as safetensors; nothing is unpickled."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from configs.errors import UserError


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

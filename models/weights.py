"""A network in files: its weights as safetensors, and in JSON what it is built from.

Nothing is unpickled, and no network is written or read without its statistics.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from configs.errors import UserError
from configs.layout import Layout
from configs.load import plain, validate
from models.normalizer import Normalizer

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Artifact(Generic[Network]):
    """How a stage keeps its network: `<name>.safetensors` and `<name>.json`."""

    name: str
    stage: str
    version: int
    key: str  # of the description: the part that the network is built from
    kind: type
    build: Callable[[Layout, Any], Network]  # of that part

    @property
    def weights(self) -> str:
        return f"{self.name}.safetensors"

    @property
    def description(self) -> str:
        return f"{self.name}.json"

    def write(
        self, network: Network, folder: Path, layout: Layout, config: Any, **more: Any
    ) -> dict[str, Path]:
        """Write weights and description, `more` beside it; return the files by name."""
        files = {name: folder / name for name in (self.weights, self.description)}
        save_weights(network, files[self.weights])
        about = {"format": self.version, "layout": layout.fingerprint(), self.key: plain(config)}
        content = json.dumps(about | more, sort_keys=True, indent=1)
        files[self.description].write_text(content)
        return files

    def describe(self, folder: Path, layout: Layout) -> dict[str, Any]:
        """Return the description of a network in a folder.

        Raises:
            LayoutMismatch: of another layout. UserError: no such file, or of another format.
        """
        path = folder / self.description
        try:
            found = json.loads(path.read_text())
            if found["format"] != self.version:
                raise UserError(f"{path}: format {found['format']}, expected {self.version}")
            layout.require(found["layout"], str(path))
            return found | {self.key: validate(self.kind, found[self.key], str(path))}
        except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"{path}: not a trained {self.name} ({reason}); run {self.stage}"
            ) from None

    def read(self, folder: Path, layout: Layout) -> Network:
        """Return the network that `write` wrote.

        Raises:
            LayoutMismatch: of another layout. UserError: not such an artifact, or damaged.
        """
        network = self.build(layout, self.describe(folder, layout)[self.key])
        return load_weights(network, folder / self.weights)


def save_weights(network: nn.Module, path: Path) -> None:
    """Write the weights and the statistics among them; UserError: there are no statistics."""
    require_fitted(network)
    tensors = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, path)


def load_weights(network: Network, path: Path) -> Network:
    """Read what `save_weights` wrote into a network of the same make, and return it.

    Raises:
        UserError: missing file, weights of another configuration or layout, or no statistics.
    """
    try:
        network.load_state_dict(load_file(path))
    except (FileNotFoundError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not the weights of this network: {reason:.200}") from None
    require_fitted(network)
    return network.eval()


def require_fitted(network: nn.Module) -> None:
    """Raise UserError if a normaliser of the network has no statistics."""
    for module in network.modules():
        if isinstance(module, Normalizer):
            module.require_fitted()

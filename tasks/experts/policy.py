"""An expert: the scripted interpolation plus a learned residual, and its file.

    action = clip(script + residual_scale * actor(observation), -1, 1)

`policy.safetensors` holds the actor's weights and its observation normaliser, `policy.json` what
is needed to build the network again; nothing is pickled.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tensordict import TensorDict
from torch import Tensor

from configs.errors import UserError
from configs.layout import Layout
from configs.load import plain, validate
from configs.schema.experts import PolicyConfig
from envs.manipulation import ManipulationEnv

if TYPE_CHECKING:
    from rsl_rl.models import MLPModel

FORMAT = 1
WEIGHTS, DESCRIPTION = "policy.safetensors", "policy.json"
FIRST_WEIGHTS = 1e-3  # std of the actor's last layer at first: its output is then below 0.01
GROUPS = {"actor": ["actor"], "critic": ["critic"]}


class Expert:
    """A policy that acts in an environment; deterministic."""

    def __init__(self, actor: "MLPModel", config: PolicyConfig, style: str) -> None:
        self.actor, self.config, self.style = actor.eval(), config, style

    @torch.no_grad()
    def __call__(self, env: ManipulationEnv) -> Tensor:
        """Return the action [N, n] in [-1, 1] for the environment's present moment."""
        return compose(self.config, env, self.actor(env.get_observations()))


def compose(config: PolicyConfig, env: ManipulationEnv, residual: Tensor) -> Tensor:
    """Return script + residual_scale * residual, clipped to [-1, 1]; [N, n]."""
    script = env.scripted_action(config.script_rate)
    return (script + config.residual_scale * residual).clamp(-1.0, 1.0)


def make_actor(config: PolicyConfig, observations: TensorDict, outputs: int) -> "MLPModel":
    """Build the actor for observations of these sizes; its first outputs are near zero."""
    from rsl_rl.models import MLPModel

    actor = MLPModel(
        observations,
        GROUPS,
        "actor",
        outputs,
        hidden_dims=list(config.hidden),
        activation=config.activation,
        obs_normalization=True,
        distribution_cfg={
            "class_name": "GaussianDistribution",
            "init_std": config.initial_std,
            "std_type": "log",
        },
    )
    # Training starts from the script itself, not from the script and a random residual.
    last = actor.mlp[-1]
    assert isinstance(last, torch.nn.Linear)
    torch.nn.init.normal_(last.weight, std=FIRST_WEIGHTS)
    torch.nn.init.zeros_(last.bias)
    return actor


def make_critic(config: PolicyConfig, observations: TensorDict) -> "MLPModel":
    from rsl_rl.models import MLPModel

    return MLPModel(
        observations,
        GROUPS,
        "critic",
        1,
        hidden_dims=list(config.hidden),
        activation=config.activation,
        obs_normalization=True,
    )


def save_policy(
    folder: Path, actor: "MLPModel", config: PolicyConfig, layout: Layout, style: str
) -> dict[str, Path]:
    """Write an expert's files into `folder` and return them by name."""
    weights = {name: value.contiguous() for name, value in actor.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    description = {
        "format": FORMAT,
        "layout": layout.fingerprint(),
        "style": style,
        "inputs": actor.obs_dim,
        "policy": plain(config),
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2, sort_keys=True) + "\n")
    return {name: folder / name for name in (WEIGHTS, DESCRIPTION)}


def load_expert(folder: Path, layout: Layout) -> Expert:
    """Read what `save_policy` wrote.

    Raises:
        UserError: missing, not an expert or weights that do not fit its description.
        LayoutMismatch: trained for another layout.
    """
    description = _describe(folder / DESCRIPTION)
    layout.require(description["layout"], str(folder / DESCRIPTION))
    config = validate(PolicyConfig, description["policy"], str(folder / DESCRIPTION))
    sample = TensorDict({"actor": torch.zeros(1, description["inputs"])}, batch_size=[1])
    actor = make_actor(config, sample, layout.num_joints)
    try:
        actor.load_state_dict(load_file(folder / WEIGHTS))
    except (FileNotFoundError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"{folder / WEIGHTS}: unusable ({reason}); train it again") from None
    return Expert(actor, config, description["style"])


def _describe(path: Path) -> dict[str, Any]:
    try:
        description = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError) as error:
        raise UserError(f"{path}: not an expert ({error}); train it again") from None
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise UserError(f"{path}: not an expert of format {FORMAT}; train it again")
    return description

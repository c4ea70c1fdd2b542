"""An expert: the script plus a learned residual, and its file.

    action = clip(script + residual_scale * actor(observation), -1, 1)

`policy.safetensors` holds the actor's weights and its observation normaliser, `policy.json` what
is needed to build the network again; nothing is pickled.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tensordict import TensorDict
from torch import Tensor

from configs.layout import Layout
from configs.schema.experts import PolicyConfig
from envs.manipulation import ManipulationEnv
from envs.observations import actor_size
from models.weights import Artifact

if TYPE_CHECKING:
    from rsl_rl.models import MLPModel

FIRST_WEIGHTS = 1e-3  # std of the actor's last layer at first: its output is then below 0.01


class Expert:
    """A policy that acts in an environment; deterministic. One not admitted is the script."""

    def __init__(self, actor: "MLPModel", config: PolicyConfig, admitted: bool = True) -> None:
        self.actor, self.config, self.admitted = actor.eval(), config, admitted

    @torch.no_grad()
    def __call__(self, env: ManipulationEnv) -> Tensor:
        """Return the action [N, n] in [-1, 1] for the environment's present moment."""
        if not self.admitted:
            return env.scripted_action(self.config.script)
        return compose(self.config, env, self.actor(env.get_observations()))


def compose(config: PolicyConfig, env: ManipulationEnv, residual: Tensor) -> Tensor:
    """Return script + residual_scale * residual, clipped to [-1, 1]; [N, n]."""
    script = env.scripted_action(config.script)
    return (script + config.residual_scale * residual).clamp(-1.0, 1.0)


def make_actor(config: PolicyConfig, observations: TensorDict, outputs: int) -> "MLPModel":
    """Build the actor for observations of these sizes; its first outputs are near zero."""
    noise = {
        "class_name": "GaussianDistribution",
        "init_std": config.initial_std,
        "std_type": "log",
    }
    actor = make_network("actor", config, observations, outputs, distribution_cfg=noise)
    # Training starts from the script itself, not from the script and a random residual.
    last = actor.mlp[-1]
    assert isinstance(last, torch.nn.Linear)
    torch.nn.init.normal_(last.weight, std=FIRST_WEIGHTS)
    torch.nn.init.zeros_(last.bias)
    return actor


def make_network(
    group: str, config: PolicyConfig, observations: TensorDict, outputs: int, **more: Any
) -> "MLPModel":
    """Build the network of a group of observations."""
    from rsl_rl.models import MLPModel

    return MLPModel(
        observations,
        {group: [group]},
        group,
        outputs,
        hidden_dims=list(config.hidden),
        activation=config.activation,
        obs_normalization=True,
        **more,
    )


def actor_of(layout: Layout, config: PolicyConfig) -> "MLPModel":
    """Build the actor of a layout."""
    sample = TensorDict({"actor": torch.zeros(1, actor_size(layout))}, batch_size=[1])
    return make_actor(config, sample, layout.num_joints)


POLICIES = Artifact("policy", "experts", 2, "policy", PolicyConfig, actor_of)


def load_expert(folder: Path, layout: Layout) -> Expert:
    """Return the expert whose policy is in a folder.

    Raises:
        UserError: missing, not an expert or weights that do not fit its description.
        LayoutMismatch: trained for another layout.
    """
    about = POLICIES.describe(folder, layout)
    return Expert(POLICIES.read(folder, layout), about["policy"], about["admitted"])

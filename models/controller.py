"""The controller: prior over keypoint motion, guidance by a command, inverse dynamics to an action.

    history, mode ---> prior (denoiser) --guided DDIM--> motion --inverse dynamics--> action
                                            ^                                           |
    commanded motion, guidance -------------+          last target + action -> target <-+

The prior and the inverse dynamics are trained apart, on the same windows. How a trained
controller is used is an *assistance*, a module over it; `paper` (prior and guidance) is one, and
another one takes its place in ASSISTANCES under its own name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from configs.layout import Layout
from configs.schema.export import Sampling
from configs.schema.train import ControllerConfig
from models.denoiser import Denoiser
from models.diffusion import (
    add_noise,
    clean_motion,
    cosine_signal,
    ddim_plan,
    guided_ddim,
    training_target,
)
from models.inverse_dynamics import InverseDynamics, regression_losses
from models.motion import apply_action
from models.normalizer import Normalizer
from models.state import split_step


class ControllerError(ValueError):
    """Weights that do not fit their configuration, or a controller that cannot be built."""


class Assisted(NamedTuple):
    """What one control step of assistance decides."""

    target: Tensor  # [B, n] [rad] new joint target
    action: Tensor  # [B, n] in [-1, 1]
    motion: Tensor  # [B, T, K, 3] [m] planned keypoint offsets, hand frame


@dataclass(frozen=True)
class Windows:
    """A batch of training windows, in physical units."""

    history: Tensor  # [B, H, S]
    motion: Tensor  # [B, T, K, 3] [m] what the keypoints did next
    action: Tensor  # [B, n] what was done
    mode: Tensor  # [B] int64


class Controller(nn.Module):
    """Normaliser, denoiser and inverse dynamics of one layout."""

    signal: Tensor  # [diffusion steps] share of signal at each noise level

    def __init__(self, layout: Layout, config: ControllerConfig):
        super().__init__()
        _check_groups(config)
        self.layout = layout
        self.config = config
        self.normalizer = Normalizer(layout)
        self.denoiser = Denoiser(layout, config.denoiser, config.diffusion_steps)
        self.inverse_dynamics = InverseDynamics(layout, config.inverse_dynamics)
        signal = cosine_signal(config.diffusion_steps).float()
        self.register_buffer("signal", signal, persistent=False)

    def prior_loss(self, windows: Windows, noise: Tensor, level: Tensor, jitter: Tensor) -> Tensor:
        """Return the mean squared error of the prediction; 1 is what predicting 0 gives.

        Args:
            noise: N(0, 1) [B, T, K, 3]. level: noise levels [B] int64.
            jitter: added to the standardised history [B, H, S].
        """
        history = self.normalizer.history(windows.history) + jitter
        motion = self.normalizer.motion(windows.motion)
        signal = self.signal[level]
        noisy = add_noise(motion, noise, signal)
        film = self.denoiser.condition(history, windows.mode) + self.denoiser.level(level)
        target = training_target(self.config.prediction, motion, noise, signal)
        return (self.denoiser(noisy, film) - target).square().mean()

    def inverse_losses(self, windows: Windows, jitter: Tensor) -> tuple[Tensor, Tensor]:
        """Return (MSE of the action's mean, likelihood loss of its spread)."""
        history = self.normalizer.history(windows.history) + jitter
        motion = self.normalizer.motion(windows.motion)
        mean, log_std = self.inverse_dynamics(history, motion)
        return regression_losses(mean, log_std, windows.action)

    def assist(
        self,
        history: Tensor,
        motion: Tensor,
        mode: Tensor,
        guidance: Tensor,
        noise: Tensor,
        sampling: Sampling,
        assistance: str = "paper",
    ) -> Assisted:
        """Return the assisted action; arguments as `PaperAssistance.forward`."""
        return ASSISTANCES[assistance](self, sampling)(history, motion, mode, guidance, noise)


class PaperAssistance(nn.Module):
    """The paper's inference: sample the prior under guidance, then invert the dynamics.

    What depends on the weights alone (the noise levels' part of FiLM) is evaluated when this is
    made; what depends on the state alone, once a call.

    Raises:
        NormalizerError: the controller holds no statistics.
    """

    levels: Tensor  # [DDIM steps, F]

    def __init__(self, controller: Controller, sampling: Sampling):
        super().__init__()
        controller.normalizer.require_fitted()
        self.controller = controller
        self.sampling = sampling
        self.plan = ddim_plan(controller.config.diffusion_steps, sampling)
        timesteps = torch.tensor([step.timestep for step in self.plan])
        with torch.no_grad():
            levels = controller.denoiser.level(timesteps.to(controller.signal.device))
        self.register_buffer("levels", levels, persistent=False)

    def forward(
        self, history: Tensor, motion: Tensor, mode: Tensor, guidance: Tensor, noise: Tensor
    ) -> Assisted:
        """Assist one control step of B hands.

        Args:
            history: [B, H, S], oldest step first (models/state.py).
            motion: commanded keypoint motion [B, T, K, 3] [m] (models/motion.py).
            mode: [B] int64, index of the layout's modes.
            guidance: [B], how strongly the command pulls (models/diffusion.py).
            noise: N(0, 1) [B, T, K, 3]; equal noise gives equal motion.
        """
        controller, normalizer = self.controller, self.controller.normalizer
        state = normalizer.history(history)
        condition = controller.denoiser.condition(state, mode)

        def predict_clean(x: Tensor, index: int) -> Tensor:
            output = controller.denoiser(x, condition + self.levels[index])
            signal = self.plan[index].signal
            return clean_motion(controller.config.prediction, output, x, signal)

        planned = guided_ddim(
            predict_clean,
            self.plan,
            self.sampling,
            normalizer.motion(motion),
            guidance,
            noise,
        )
        mean, _ = controller.inverse_dynamics(state, planned)
        action = mean.clamp(-1.0, 1.0)
        _, position, target, _ = split_step(controller.layout, history[:, -1])
        moved = apply_action(controller.layout, target, position, action)
        return Assisted(moved, action, normalizer.metres(planned))


ASSISTANCES: Mapping[str, type[PaperAssistance]] = {"paper": PaperAssistance}


def save_controller(controller: Controller, path: Path) -> None:
    """Write the weights and statistics as safetensors."""
    controller.normalizer.require_fitted()
    tensors = {name: tensor.cpu().contiguous() for name, tensor in controller.state_dict().items()}
    save_file(tensors, path)


def load_controller(path: Path, layout: Layout, config: ControllerConfig) -> Controller:
    """Read what `save_controller` wrote.

    Raises:
        ControllerError: missing file, or weights of another configuration or layout.
        NormalizerError: the file holds no statistics.
    """
    controller = Controller(layout, config)
    try:
        controller.load_state_dict(load_file(path))
    except (FileNotFoundError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ControllerError(f"{path}: not the weights of this controller: {reason}") from None
    controller.normalizer.require_fitted()
    return controller.eval()


def _check_groups(config: ControllerConfig) -> None:
    denoiser, inverse = config.denoiser, config.inverse_dynamics
    widths = {
        "denoiser.hidden": (denoiser.hidden, denoiser.groups),
        "denoiser.encoder_hidden": (denoiser.encoder_hidden, denoiser.groups),
        "inverse_dynamics.hidden": (inverse.hidden, inverse.groups),
    }
    for name, (width, groups) in widths.items():
        if width % groups:
            raise ControllerError(f"controller.{name}: {width} is no multiple of groups {groups}")

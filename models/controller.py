"""The controller's networks: a prior over keypoint motion, and inverse dynamics to an action.

    history, mode ---> prior (denoiser) --guided DDIM--> motion --inverse dynamics--> action
                                            ^                                           |
    commanded motion, guidance -------------+          last target + action -> target <-+

The two are trained apart, on the same windows. How they are used is an *assistance*
(models/assistance.py).
"""

from dataclasses import dataclass

from torch import Tensor, nn

from configs.errors import UserError
from configs.layout import Layout
from configs.schema.train import ControllerConfig
from models.denoiser import Denoiser
from models.diffusion import add_noise, cosine_signal, training_target
from models.inverse_dynamics import InverseDynamics, regression_losses
from models.normalizer import Normalizer


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


def _check_groups(config: ControllerConfig) -> None:
    denoiser, inverse = config.denoiser, config.inverse_dynamics
    widths = {
        "denoiser.hidden": (denoiser.hidden, denoiser.groups),
        "denoiser.encoder_hidden": (denoiser.encoder_hidden, denoiser.groups),
        "inverse_dynamics.hidden": (inverse.hidden, inverse.groups),
    }
    for name, (width, groups) in widths.items():
        if width % groups:
            raise UserError(f"controller.{name}: {width} is no multiple of groups {groups}")

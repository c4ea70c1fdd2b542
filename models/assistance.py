"""How a trained controller answers a command: guard, prior under guidance, inverse dynamics.

    history, action --critic, caution--> gain
    gain * commanded motion --prior, guidance--> motion --inverse dynamics--> action -> target

Inverse dynamics answers a motion with the action that the experts would have taken, which is not
quite the one that was commanded. With f the command as far as it is followed and D inverse
dynamics, that loss is given back as far as the command is in the plan:

    action = D(planned motion) + remainder * min(guidance, 1) * (f - D(motion of f))

with D within [-1, 1], so that at guidance 1, where by the constant rule the plan is the command's
motion, the action is f itself.

Two assistances are named everywhere; they differ in their settings only, so that one exported
graph computes both. `paper` is the paper's method: caution 1, every command is followed into the
guided prior; remainder 0. `guarded` is ours: the critic first decides how far a command is
followed, and what is followed is not lost.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from configs.schema.export import Sampling
from models.controller import Controller
from models.critic import Critic
from models.diffusion import clean_motion, ddim_plan, guided_ddim
from models.motion import apply_action
from models.state import split_step


class Assisted(NamedTuple):
    """What one control step of assistance decides."""

    target: Tensor  # [B, n] [rad] new joint target
    action: Tensor  # [B, n] in [-1, 1]
    motion: Tensor  # [B, T, K, 3] [m] planned keypoint offsets, hand frame
    gain: Tensor  # [B] in [0, 1], how far the command was followed


class Assistance(nn.Module):
    """The whole of an assistance's inference, for one control step of B hands.

    What depends on the weights alone (the noise levels' part of FiLM) is evaluated when this is
    made; what depends on the state alone, once a call.

    Raises:
        NormalizerError: controller or critic holds no statistics.
    """

    levels: Tensor  # [DDIM steps, F]

    def __init__(self, controller: Controller, critic: Critic, sampling: Sampling):
        super().__init__()
        controller.normalizer.require_fitted()
        critic.normalizer.require_fitted()
        self.controller = controller
        self.critic = critic
        self.sampling = sampling
        self.plan = ddim_plan(controller.config.diffusion_steps, sampling)
        timesteps = torch.tensor([step.timestep for step in self.plan])
        with torch.no_grad():
            levels = controller.denoiser.level(timesteps.to(controller.signal.device))
        self.register_buffer("levels", levels, persistent=False)

    def forward(
        self,
        history: Tensor,
        motion: Tensor,
        command: Tensor,
        mode: Tensor,
        guidance: Tensor,
        caution: Tensor,
        remainder: Tensor,
        noise: Tensor,
    ) -> Assisted:
        """Assist one control step.

        Args:
            history: [B, H, S], oldest step first (models/state.py).
            motion: commanded keypoint motion [B, T, K, 3] [m] (models/motion.py).
            command: the same as an action [B, n] in [-1, 1].
            mode: [B] int64, index of the layout's modes.
            guidance: [B], how strongly the command pulls (models/diffusion.py).
            caution: [B], greatest risk of a drop that is taken beyond that of holding still; 1
                switches the guard off.
            remainder: [B] in [0, 1], how much of what inverse dynamics loses is given back.
            noise: N(0, 1) [B, T, K, 3]; equal noise gives equal motion.
        """
        controller, normalizer = self.controller, self.controller.normalizer
        gain = self.critic.gain(history, command, caution)
        # A step of an action moves a joint by a twenty-fourth of a radian: motion is linear in it.
        followed = gain[:, None, None, None] * motion
        state = normalizer.history(history)
        asked = normalizer.motion(followed)
        planned = self.sample(state, asked, mode, guidance, noise)
        both, _ = controller.inverse_dynamics(state.repeat(2, 1, 1), torch.cat([planned, asked]))
        answer, understood = both.clamp(-1.0, 1.0).chunk(2)
        lost = gain[:, None] * command - understood
        action = answer + (remainder * guidance.clamp(max=1.0))[:, None] * lost
        action = action.clamp(-1.0, 1.0)
        _, position, target, _ = split_step(controller.layout, history[:, -1])
        moved = apply_action(controller.layout, target, position, action)
        return Assisted(moved, action, normalizer.metres(planned), gain)

    def sample(
        self, state: Tensor, motion: Tensor, mode: Tensor, guidance: Tensor, noise: Tensor
    ) -> Tensor:
        """Return motions of the guided prior; everything is standardised."""
        condition = self.controller.denoiser.condition(state, mode)
        prediction = self.controller.config.prediction

        def predict_clean(x: Tensor, index: int) -> Tensor:
            output = self.controller.denoiser(x, condition + self.levels[index])
            return clean_motion(prediction, output, x, self.plan[index].signal)

        return guided_ddim(predict_clean, self.plan, self.sampling, motion, guidance, noise)

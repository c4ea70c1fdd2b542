"""How a trained controller answers a command: read it, weigh its risk, make it a safe motion.

    memory, command --student--> what is meant, as far as it can be read
    meant, history --critic, caution--> gain
    gain * meant --prior, guidance--> motion --inverse dynamics--> action -> target

**Reading.** Where the student knows the kind of command, what it reads is followed, times a gain
that the user sets. Of a command that it does not know (unlike its lessons) the command itself
is followed: whole if it is calm, that is, rests between movements; a share if it never rests.

**Remainder.** Inverse dynamics answers a motion with the action that the experts would have
taken, which is not quite the one that was asked for. With f the action that is followed and D
inverse dynamics, that loss is given back as far as f is in the plan:

    action = D(planned motion) + remainder * min(guidance, 1) * (f - D(motion of f))

with D within [-1, 1], so that at guidance 1, where by the constant rule the plan is the motion of
f, the action is f itself: the prior is then left out.

Two assistances are named everywhere; they differ in their settings only (models/strength.py), so
that one exported graph computes both. `paper` is the paper's method: every command goes into the
guided prior as it is. `guarded` is ours, all of the above.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from configs.schema.export import ActivityConfig, Sampling
from models.controller import Controller
from models.critic import Critic
from models.diffusion import clean_motion, ddim_plan, guided_ddim
from models.kinematics import Kinematics
from models.motion import apply_action, incremental_motion
from models.session import INPUTS, Answer, Question
from models.state import split_step
from models.strength import KEYS
from models.student import Student


class Followed(NamedTuple):
    """An action and the keypoint motion that it asks for."""

    action: Tensor  # [B, n]
    motion: Tensor  # [B, T, K, 3] [m]
    trust: Tensor  # [B]


class Assistance(nn.Module):
    """The whole of an assistance's inference, for one control step of B hands.

    What depends on the weights alone (the noise levels' part of FiLM) is evaluated when this is
    made; what depends on the state alone, once a call.
    """

    levels: Tensor  # [DDIM steps, F]

    def __init__(
        self,
        controller: Controller,
        critic: Critic,
        student: Student,
        kinematics: Kinematics,
        sampling: Sampling,
        activity: ActivityConfig,
    ):
        super().__init__()
        self.controller, self.critic, self.student = controller, critic, student
        self.kinematics, self.sampling, self.activity = kinematics, sampling, activity
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
        memory: Tensor,
        mode: Tensor,
        strength: Tensor,
        noise: Tensor,
    ) -> Answer:
        """Assist one control step.

        Args:
            history: [B, H, S], oldest step first (models/state.py).
            motion: commanded keypoint motion [B, T, K, 3] [m] (models/motion.py).
            command: the same as an action [B, n] in [-1, 1].
            memory: [B, M] of the steps before; zeros where an episode begins.
            mode: [B] int64, index of the layout's modes.
            strength: [B, 6] settings, columns as models/strength.py: KEYS.
            noise: N(0, 1) [B, T, K, 3]; equal noise gives equal motion.
        """
        controller, normalizer = self.controller, self.controller.normalizer
        settings = dict(zip(KEYS, strength.unbind(1), strict=True))
        _, position, target, _ = split_step(controller.layout, history[:, -1])
        now = self.student.memory.now(command, target, position)
        memory = self.student.memory.step(memory, now)
        features = self.student.memory.features(memory, now)
        meant = self.read(features, memory, command, motion, position, settings)
        gain = self.critic.gain(history, meant.action, settings["caution"])
        # A step of an action moves a joint by a twenty-fourth of a radian: motion is linear in it.
        followed = gain[:, None, None, None] * meant.motion
        state = normalizer.history(history)
        asked = normalizer.motion(followed)
        guidance = settings["guidance"]
        planned = self.sample(state, asked, mode, guidance, noise)
        both, _ = controller.inverse_dynamics(state.repeat(2, 1, 1), torch.cat([planned, asked]))
        answer, understood = both.clamp(-1.0, 1.0).chunk(2)
        lost = gain[:, None] * meant.action - understood
        action = answer + (settings["remainder"] * guidance.clamp(max=1.0))[:, None] * lost
        action = action.clamp(-1.0, 1.0)
        moved = apply_action(controller.layout, target, position, action)
        return Answer(
            moved, action, normalizer.metres(planned), meant.action, meant.trust, gain, memory
        )

    def read(
        self,
        features: Tensor,
        memory: Tensor,
        command: Tensor,
        motion: Tensor,
        position: Tensor,
        settings: dict[str, Tensor],
    ) -> Followed:
        """Return what a command is taken for: what the student reads, and a share of itself."""
        reading = self.student.read(features)
        trust = settings["reading"] * reading.trust
        read = settings["gain"][:, None] * reading.action
        busy, calm = self.activity.busy, self.activity.calm
        activity = self.student.memory.activity(memory, busy)
        restless = ((activity - calm) / (busy - calm)).clamp(0.0, 1.0)
        itself = (1.0 - trust) * (1.0 - restless * (1.0 - settings["share"]))  # [B]
        action = trust[:, None] * read + itself[:, None] * command
        layout = self.controller.layout
        moved = incremental_motion(self.kinematics, layout, position, read)
        wide = (slice(None), None, None, None)
        return Followed(action, trust[wide] * moved + itself[wide] * motion, trust)

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


class ModuleSession:
    """The network itself behind the interface of models/session.py, before there is a bundle."""

    def __init__(self, assistance: Assistance) -> None:
        self.assistance = assistance.eval()
        self.memory_size = assistance.student.memory.size

    @torch.no_grad()
    def assist(self, question: Question) -> Answer:
        """See models/session.py; inputs are trusted here."""
        inputs = [
            torch.tensor(
                getattr(question, name), dtype=torch.int64 if name == "mode" else torch.float32
            )
            for name in INPUTS
        ]
        return Answer(*(part.numpy() for part in self.assistance(*inputs)))

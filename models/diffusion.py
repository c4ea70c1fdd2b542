"""Diffusion over keypoint motion: cosine schedule, what the network predicts, guided DDIM.

Motions are in units of their rms. With a the share of signal left at a noise level,

    x_t = sqrt(a) x_0 + sqrt(1 - a) noise.

**Prediction.** The network puts out the noise, as the paper's does, or the velocity
v = sqrt(a) noise - sqrt(1 - a) x_0 (Salimans and Ho, 2022). Motion has heavy tails: the hand
mostly holds still and now and then moves by ten times the rms. At a noise level where that still
shows through, sampling from pure noise reads as "hold still", so it must begin at the last level;
there a predicted noise says nothing of x_0, and a velocity is -x_0.

**Guidance.** The paper samples p(x|o) exp(-Dist(x, c)), Dist = sum_i ||x_i - c_i||^2, c the
command, and in each DDIM step subtracts alpha Sigma grad Dist from the denoised sample. Here each
step moves the denoised sample towards the command and derives the step's noise from the result:

    x_0 <- x_0 - lambda (x_0 - c),        noise <- (x_t - sqrt(a) x_0) / sqrt(1 - a).

Since grad Dist = 2 (x_0 - c), lambda = 2 alpha Sigma, with Sigma in units of the motion's squared
rms; a Dist taken in metres has alpha larger by 1 / rms^2. Two rules give lambda:

`constant`   lambda = guidance in [0, 1], the same in each step. 0 is the prior; 1 gives the
             command. Where the prior knows one motion m only, the result is m + lambda (c - m),
             however many steps; where it knows nothing, each step closes a share of what is
             left and many steps end at the command.
`posterior`  lambda = g S / (1 + g S), g = guidance >= 0, S = 1 - a: what a unit Gaussian prior
             leaves uncertain about x_0 at this noise level. To first order it is the paper's
             2 alpha Sigma with g = 2 alpha; the denominator makes it the exact posterior mean,
             so a unit Gaussian prior under many steps ends at the posterior
             N((m + g c) / (1 + g), 1 / (1 + g)), that of exp(-g/2 ||x - c||^2).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from configs.errors import UserError
from configs.schema.export import Sampling

LARGEST_BETA = 0.999  # the cosine schedule's last step would remove all signal (Nichol, Dhariwal)
OFFSET = 0.008  # s of the cosine schedule (the same)

Prediction = Literal["noise", "velocity"]


def cosine_signal(diffusion_steps: int) -> Tensor:
    """Return the share of signal [diffusion_steps] (float64) left at each noise level."""

    def remaining(time: float) -> float:
        return math.cos((time + OFFSET) / (1 + OFFSET) * math.pi / 2) ** 2

    times = [step / diffusion_steps for step in range(diffusion_steps + 1)]
    betas = [
        min(1 - remaining(after) / remaining(before), LARGEST_BETA)
        for before, after in pairwise(times)
    ]
    return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float64), dim=0)


def add_noise(motion: Tensor, noise: Tensor, signal: Tensor) -> Tensor:
    """Return x_t for motions [B, T, K, 3], noise alike and their shares of signal [B]."""
    signal = signal[:, None, None, None]
    return signal.sqrt() * motion + (1 - signal).sqrt() * noise


def training_target(
    prediction: Prediction, motion: Tensor, noise: Tensor, signal: Tensor
) -> Tensor:
    """Return what the network should put out [B, T, K, 3]; `signal` [B]."""
    if prediction == "noise":
        return noise
    signal = signal[:, None, None, None]
    return signal.sqrt() * noise - (1 - signal).sqrt() * motion


def clean_motion(prediction: Prediction, output: Tensor, x: Tensor, signal: float) -> Tensor:
    """Return x_0 as the network's output at x_t and its share of signal say."""
    if prediction == "noise":
        return (x - math.sqrt(1 - signal) * output) / math.sqrt(signal)
    return math.sqrt(signal) * x - math.sqrt(1 - signal) * output


@dataclass(frozen=True)
class DdimStep:
    """One step's constants: noise level, signal now and after the step."""

    timestep: int
    signal: float
    next_signal: float


def ddim_plan(diffusion_steps: int, sampling: Sampling) -> tuple[DdimStep, ...]:
    """Return the steps from noise to motion, at evenly spaced levels.

    `leading` levels end at level 0 and begin short of the last; `trailing` ones begin at the last
    and are rounded where the steps do not divide the levels (Lin et al., 2024, table 2). Each
    step ends at the level at which the next begins.

    Raises:
        UserError: more sampling steps than noise levels.
    """
    if sampling.steps > diffusion_steps:
        raise UserError(
            f"export.sampling.steps: {sampling.steps} DDIM steps of a model with "
            f"{diffusion_steps} levels; use at most as many"
        )
    signal = cosine_signal(diffusion_steps).tolist()
    if sampling.spacing == "leading":
        levels = [diffusion_steps // sampling.steps * i for i in reversed(range(sampling.steps))]
    else:
        stride = diffusion_steps / sampling.steps
        levels = [round(diffusion_steps - stride * i) - 1 for i in range(sampling.steps)]
    after = [signal[level] for level in levels[1:]] + [1.0]
    return tuple(
        DdimStep(level, signal[level], then) for level, then in zip(levels, after, strict=True)
    )


def pull(guidance: Tensor, signal: float, sampling: Sampling) -> Tensor:
    """Return lambda [B] of one step for guidance [B]."""
    if sampling.rule == "constant":
        return guidance.clamp(0.0, 1.0)
    weight = guidance.clamp_min(0.0) * (1.0 - signal)
    return weight / (1.0 + weight)


def guided_ddim(
    predict_clean: Callable[[Tensor, int], Tensor],
    plan: tuple[DdimStep, ...],
    sampling: Sampling,
    command: Tensor,
    guidance: Tensor,
    noise: Tensor,
) -> Tensor:
    """Return motions [B, T, K, 3] drawn from the prior and pulled towards the command.

    Deterministic given `noise`; everything is in units of the motion's rms.

    Args:
        predict_clean: x_0 as seen in x_t [B, T, K, 3] at the i-th step of the plan.
        command: c [B, T, K, 3].
        guidance: strength [B].
        noise: N(0, 1) [B, T, K, 3].
    """
    x = noise
    for index, step in enumerate(plan):
        signal, rest = math.sqrt(step.signal), math.sqrt(1.0 - step.signal)
        clean = predict_clean(x, index).clamp(-sampling.clip, sampling.clip)
        strength = pull(guidance, step.signal, sampling)[:, None, None, None]
        clean = clean - strength * (clean - command)
        if index == len(plan) - 1:
            return clean
        remaining = (x - signal * clean) / rest
        x = math.sqrt(step.next_signal) * clean + math.sqrt(1.0 - step.next_signal) * remaining
    return x

"""PPO: rsl_rl's algorithm and networks in a loop of our own, which can be killed and goes on.

rsl_rl's runner saves neither random state nor environments and reads pickles. Here a checkpoint
holds all of it, is read with `weights_only`, and a run that was killed ends with the very
weights of one that was not.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

import torch

from configs.errors import UserError
from configs.files import replacing
from configs.schema.experts import Experts
from envs.manipulation import ManipulationEnv
from tasks.experts.policy import compose, make_actor, make_network

if TYPE_CHECKING:
    from rsl_rl.algorithms import PPO

Report = Callable[[int, Mapping[str, float]], None]


def train(
    env: ManipulationEnv,
    config: Experts,
    seed: int,
    checkpoint: Path,
    report: Report,
) -> "PPO":
    """Train from `checkpoint` on, if it is there, to the last iteration.

    Torch's global random state is this loop's own while it runs and restored afterwards.

    Args:
        env: made with equal arguments each time; its state comes from the checkpoint.
        report: called with (iterations done, metrics) after each one.
    """
    torch.set_num_threads(config.threads)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        algorithm = make_algorithm(env, config)
        done = 0
        if checkpoint.exists():
            done = restore(checkpoint, algorithm, env)
        else:
            # Episodes end at different times, as in rsl_rl's runner: drawn ages at the start
            env.episode_length_buf = torch.randint(0, env.max_episode_length, (env.num_envs,))
        for iteration in range(done, config.ppo.iterations):
            metrics = iterate(env, algorithm, config)
            finished = iteration + 1
            report(finished, metrics)
            if finished % config.ppo.checkpoint_every == 0 or finished == config.ppo.iterations:
                save(checkpoint, algorithm, env, finished)
    return algorithm


def make_algorithm(env: ManipulationEnv, config: Experts) -> "PPO":
    """Build rsl_rl's PPO with fresh networks and storage for this environment."""
    from rsl_rl.algorithms import PPO
    from rsl_rl.storage import RolloutStorage

    observations, ppo = env.get_observations(), config.ppo
    actor = make_actor(config.policy, observations, env.num_actions)
    critic = make_network("critic", config.policy, observations, 1)
    storage = RolloutStorage("rl", env.num_envs, ppo.steps, observations, [env.num_actions])
    return PPO(
        actor,
        critic,
        storage,
        num_learning_epochs=ppo.epochs,
        num_mini_batches=max(env.num_envs * ppo.steps // ppo.batch, 1),
        clip_param=ppo.clip,
        gamma=ppo.gamma,
        lam=ppo.lam,
        value_loss_coef=ppo.value_weight,
        entropy_coef=ppo.entropy_weight,
        learning_rate=ppo.learning_rate,
        max_grad_norm=ppo.gradient_clip,
        schedule="fixed" if ppo.desired_kl is None else "adaptive",
        desired_kl=ppo.desired_kl or 0.0,
    )


def iterate(env: ManipulationEnv, algorithm: "PPO", config: Experts) -> dict[str, float]:
    """Collect one iteration's samples, update the networks and return what is worth knowing."""
    algorithm.train_mode()
    counts = collect(env, algorithm, config)
    losses = algorithm.update()
    samples = env.num_envs * config.ppo.steps
    minutes = samples * env.dt / 60
    return {
        "reward": counts["reward"] / samples,
        "goals_per_min": counts["goals"] / minutes,
        "drops_per_min": counts["drops"] / minutes,
        "value_loss": losses["value"],
        "surrogate_loss": losses["surrogate"],
        "learning_rate": algorithm.learning_rate,
    }


def collect(env: ManipulationEnv, algorithm: "PPO", config: Experts) -> dict[str, float]:
    """Fill the algorithm's storage, returns and advantages included; return what was counted."""
    counts: dict[str, float] = {"reward": 0.0, "goals": 0.0, "drops": 0.0}
    with torch.no_grad():
        observations = env.get_observations()
        for _ in range(config.ppo.steps):
            residual = algorithm.act(observations)
            observations, reward, done, extras = env.step(compose(config.policy, env, residual))
            algorithm.process_env_step(observations, config.ppo.reward_scale * reward, done, extras)
            counts["reward"] += float(reward.sum())
            counts["goals"] += float(extras["reached"].sum())
            counts["drops"] += float(extras["dropped"].sum())
        algorithm.compute_returns(observations)
    return counts


def save(path: Path, algorithm: "PPO", env: ManipulationEnv, done: int) -> None:
    """Write everything that the next iteration depends on, whole or not at all."""
    content = algorithm.save() | {
        "iteration": done,
        "random": torch.get_rng_state(),
        "environment": env.state_dict(),
    }
    with replacing(path) as temporary:
        torch.save(content, temporary)


def restore(path: Path, algorithm: "PPO", env: ManipulationEnv) -> int:
    """Continue from a checkpoint and return how many iterations it has behind it.

    Raises:
        UserError: not a checkpoint of this training.
    """
    try:
        content = torch.load(path, weights_only=True)
        algorithm.load(content, load_cfg=None, strict=True)
    except (RuntimeError, ValueError, KeyError, EOFError, UnpicklingError) as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"{path}: damaged or of another training ({reason}); remove it") from None
    env.load_state_dict(content["environment"])
    torch.set_rng_state(content["random"])
    return content["iteration"]

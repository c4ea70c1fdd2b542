"""Episodes of a made-up hand that follows its targets with a lag: real files, no simulator."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks import made_up_data
from configs.layout import Layout
from configs.schema.world import Embodiment
from envs.episodes.episodes import EpisodeWriter, Manifest
from models.kinematics import Kinematics
from tasks.data.verdict import Verdict

SHARD_BYTES = 200_000


def whole(layout: Layout, episode: int, fields: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return an episode with every field; those that are not given are 0."""
    length = len(next(iter(fields.values())))
    return made_up_data.whole(layout, length, {"episode": episode, **fields})


def write_dataset(folder: Path, embodiment: Embodiment, episodes: int, length: int) -> Path:
    """Write episodes that wander between random poses; every other one has noisy actions."""
    layout, rng = embodiment.make_layout(), np.random.default_rng(0)
    kinematics = Kinematics(embodiment.hand)
    writer = EpisodeWriter(folder, layout, SHARD_BYTES)
    for episode in range(episodes):
        fields = wander(layout, rng, length, noisy=episode % 2 == 1)
        fields["keypoints"] = kinematics.keypoints(fields["joint_position"])
        writer.append(whole(layout, episode, fields))
    pass_checks(folder, layout, writer.close())
    return folder


def pass_checks(folder: Path, layout: Layout, manifest: Manifest) -> None:
    """Put the verdict beside the episodes that training asks for."""
    counts = {"rows": manifest.rows, "episodes": manifest.episodes, "dropped": 0}
    verdict = Verdict(
        passed=True,
        manifest=manifest.hash(),
        layout=layout.fingerprint(),
        check={},
        failures=(),
        **counts,
    )
    verdict.write(folder)


def wander(
    layout: Layout, rng: np.random.Generator, length: int, noisy: bool
) -> dict[str, np.ndarray]:
    lower, upper = np.array(layout.joint_lower), np.array(layout.joint_upper)
    position = rng.uniform(lower, upper)
    target, goal = position.copy(), rng.uniform(lower, upper)
    rows: dict[str, list] = {}
    for step in range(length):
        if step % 20 == 19:
            goal = rng.uniform(lower, upper)
        command = np.clip(2 * (goal - target), -1, 1)
        action = np.clip(command + noisy * rng.uniform(-1, 1, len(goal)), -1, 1)
        frame = {
            "joint_position": position,
            "joint_observation": position + rng.normal(0, 0.002, len(goal)),
            "joint_target": target,
            "command": command,
            "action": action,
            "clean": not noisy,
        }
        for name, value in frame.items():
            rows.setdefault(name, []).append(value)
        target = np.clip(target + layout.action_scale * action, lower, upper)
        position = position + 0.6 * (target - position)
    return {name: np.array(values) for name, values in rows.items()}

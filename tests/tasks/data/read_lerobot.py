"""Open a folder with LeRobot's own loader and save what it returns: run by a Python that has it.

python read_lerobot.py FOLDER FILE.npz
"""

import json
import sys
from pathlib import Path

import numpy as np


def main(folder: Path, file: Path) -> None:
    import lerobot
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    dataset = LeRobotDataset("local/export", root=folder)
    items = [dataset[i] for i in range(len(dataset))]
    words = [item.pop("task") for item in items]
    arrays = {name: np.stack([item[name].numpy() for item in items]) for name in items[0]}
    fps = dataset.meta.fps
    past = LeRobotDataset(
        "local/export", root=folder, delta_timestamps={"observation.state": [-1 / fps, 0.0]}
    )
    arrays["stacked"] = np.stack([past[i]["observation.state"].numpy() for i in range(len(past))])
    arrays["padded"] = np.stack(
        [past[i]["observation.state_is_pad"].numpy() for i in range(len(past))]
    )
    chosen = LeRobotDataset("local/export", root=folder, episodes=[1, 3])
    arrays["chosen"] = np.unique([int(chosen[i]["episode_index"]) for i in range(len(chosen))])
    said = {
        "version": lerobot.__version__,
        "task": words,
        "fps": fps,
        "episodes": dataset.num_episodes,
        "names": dataset.meta.features["action"]["names"],
        "stats": sorted(dataset.meta.stats),
        "mean": dataset.meta.stats["observation.state"]["mean"].tolist(),
    }
    np.savez(file, said=np.array(json.dumps(said)), **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

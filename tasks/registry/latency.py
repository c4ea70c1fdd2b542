"""The time of one control tick of the exported graph, on the machine that promotes."""

import time

import numpy as np

from configs.schema.promote import Latency
from models.bundle import Bundle
from models.session import Question, Session
from models.strength import KEYS


def measure_ticks(bundle: Bundle, latency: Latency) -> dict[str, float]:
    """Return figures of the tick time [ms]: batch 1, one thread, plausible inputs.

    The time does not depend on the numbers, only on their count.
    """
    layout, session = bundle.layout, Session(bundle, threads=1)
    rng = np.random.default_rng(0)
    motion = (1, *layout.motion_shape)
    question = Question(
        history=rng.standard_normal((1, layout.history, layout.step_size), dtype=np.float32),
        motion=np.zeros(motion, np.float32),
        command=np.zeros((1, layout.num_joints), np.float32),
        memory=np.zeros((1, session.memory_size), np.float32),
        mode=np.zeros(1, np.int64),
        strength=np.ones((1, len(KEYS)), np.float32),
        noise=rng.standard_normal(motion, dtype=np.float32),
    )
    times = []
    for _ in range(latency.warmup + latency.ticks):
        started = time.perf_counter()
        session.assist(question)
        times.append(1e3 * (time.perf_counter() - started))
    counted = np.asarray(times[latency.warmup :])
    return {
        "tick_ms_median": float(np.median(counted)),
        "tick_ms_p90": float(np.quantile(counted, 0.9)),
        "tick_ms_max": float(counted.max()),
    }

"""The time of one control tick of the exported graph, on the machine that promotes."""

import time

import numpy as np

from configs.schema.promote import Latency
from models.bundle import Bundle
from models.session import Question, Session, input_shapes


def measure_ticks(bundle: Bundle, latency: Latency) -> dict[str, float]:
    """Return figures of the tick time [ms]: batch 1, one thread, plausible inputs.

    The time does not depend on the numbers, only on their count.
    """
    rng = np.random.default_rng(0)
    session = Session(bundle, threads=1)
    inputs = {
        name: np.zeros((1, *shape), np.int64 if name == "mode" else np.float32)
        for name, shape in input_shapes(bundle.layout, session.memory_size).items()
    }
    for name in ("history", "noise"):
        inputs[name] = rng.standard_normal(inputs[name].shape, dtype=np.float32)
    inputs["strength"] += 1.0
    question = Question(**inputs)
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

"""The twin at the layout's rate, for the latency of a tick and the deadlines missed."""

from dataclasses import dataclass

import numpy as np

from robot.loop import RealTime, Record
from robot.trials.trials import TwinStage


@dataclass(frozen=True)
class Timing:
    """Ticks with the controller, paced; latency is from reading to checked target."""

    record: Record
    skipped: int  # slots lost to late ticks
    restarts: int  # episodes begun anew after a drop

    @property
    def misses(self) -> int:
        return self.record.interventions["deadline"]

    def latency_ms(self, percent: float) -> float:
        """Return a percentile of the tick latency [ms]."""
        return 1e3 * float(np.percentile(self.record.latency_s, percent))


def paced_run(stage: TwinStage, seconds: float) -> Timing:
    """Run the loop with the controller in real time [s]; a drop begins the next trial."""
    clock, record = RealTime(stage.layout.control_hz), Record()
    restarts = -1
    lost, loop = True, None
    for _ in range(round(seconds * stage.layout.control_hz)):
        if lost or loop is None:
            restarts += 1
            loop = stage.start(restarts, stage.answer(True, restarts), clock)
            loop.record = record
        loop.tick()
        lost = stage.lost()
    return Timing(record, clock.skipped, max(restarts, 0))

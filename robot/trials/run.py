"""One run of the twin: pull, trials, timing, clip."""

import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.errors import UserError
from configs.files import beside, write
from configs.schema.robot import RobotConfig
from envs.offscreen import film
from robot.pull import Installed, pull
from robot.trials.realtime import Timing, paced_run
from robot.trials.trials import Holds, TwinStage, film_trial, hold_trials

UNASSISTED, ASSISTED = "unassisted", "assisted"
VARIANTS = {UNASSISTED: False, ASSISTED: True}


@dataclass(frozen=True)
class Outcome:
    installed: Installed
    holds: dict[str, Holds]
    timing: Timing | None  # None: no run in real time was asked for
    clip: str | None  # the file, if one was written
    clip_failure: str | None  # one line, if it was asked for and could not be made

    def figures(self) -> dict[str, Any]:
        """Return the run's figures as plain values."""
        timing = self.timing
        return {
            "release": self.installed.approval.sequence,
            "bundle": self.installed.bundle.hash,
            "clip": self.clip,
            "holds": {name: _hold_figures(holds) for name, holds in self.holds.items()},
            "realtime": timing
            and {
                "ticks": timing.record.ticks,
                "latency_p50_ms": timing.latency_ms(50),
                "latency_p99_ms": timing.latency_ms(99),
                "deadline_misses": timing.misses,
                "skipped_slots": timing.skipped,
                "drops": timing.restarts,
                "interventions": dict(timing.record.interventions),
            },
        }


def run_twin(config: RobotConfig, say: Callable[[str], None]) -> Outcome:
    """Pull the approved model and try it on the twin; `say` is told what happens.

    Raises:
        UserError: the model must not be run, or not here; or `robot.figures` cannot be written,
            which is found out before the trials.
    """
    robot = config.robot
    figures = Path(robot.figures) if robot.figures is not None else None
    if figures is not None:
        _try_folder(figures)
    installed = pull(robot.pull, config.embodiment.make_layout())
    approval = installed.approval
    say(
        f"release {approval.sequence} ({installed.source}): bundle "
        f"{approval.bundle_hash[:12]}, approved by {approval.approver} at {approval.time_utc}"
    )
    trials = robot.trials
    with TwinStage(config, installed.bundle) as stage:
        say(f"{trials.count} trials of up to {trials.seconds:g} s, with and without the controller")
        holds = {name: hold_trials(stage, assisted) for name, assisted in VARIANTS.items()}
        timing = None
        if robot.realtime_s > 0:
            say(f"{robot.realtime_s:g} s at {stage.layout.control_hz:g} Hz")
            timing = paced_run(stage, robot.realtime_s)
        failure = _film(config, stage)
    made = robot.clip.file if failure is None else None
    outcome = Outcome(installed, holds, timing, made, failure)
    if figures is not None:
        try:
            write(figures, json.dumps(outcome.figures(), indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise _refusal(figures, error) from None
    return outcome


def _film(config: RobotConfig, stage: TwinStage) -> str | None:
    clip = config.robot.clip
    if clip.file is None:
        return None
    views = {name: film_trial(stage, assisted, clip.seconds) for name, assisted in VARIANTS.items()}
    return film(
        stage.twin.model,
        views,
        Path(clip.file),
        hz=stage.layout.control_hz,
        fps=clip.fps,
        size=(clip.width, clip.height),
    )


def _hold_figures(holds: Holds) -> dict[str, Any]:
    return {
        "hold_s": holds.hold_s,
        "total_s": holds.total_s,
        "drops": holds.drops,
        "goals_per_min": holds.goals_per_minute,
        "trials_s": holds.seconds,
        "interventions": dict(holds.record.interventions),
    }


def _try_folder(path: Path) -> None:
    """Refuse a file that cannot be written, without touching what it holds now."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        temporary = beside(path)
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        raise _refusal(path, error) from None


def _refusal(path: Path, error: OSError) -> UserError:
    return UserError(
        f"robot.figures: {path}: {error.strerror}; name a file that can be written, or null"
    )

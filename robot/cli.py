"""`dexgen-robot`: run the approved controller. Standard output is for people, errors one line."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from configs.errors import UserError

if TYPE_CHECKING:
    from robot.trials.run import Outcome

DESCRIPTION = """\
Run the approved controller on a robot or on its simulated twin.

  dexgen-robot run robot=twin                      pull, verify, try, time and film
  dexgen-robot run hand=trident robot.trials.count=20 robot.clip.file=null

Arguments after `run` are configuration overrides (configs/robot_config.yaml); the project's
state is looked for in DEXGEN_HOME, by default ./var.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0; 2 for what must not or cannot be run; 128 + a signal's number."""
    parser = argparse.ArgumentParser(
        prog="dexgen-robot",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if not os.environ.get("DEXGEN_HOME"):
        os.environ.pop("DEXGEN_HOME", None)  # set but empty would be the file system's root
    commands = parser.add_subparsers(dest="command", required=True, metavar="run")
    run = commands.add_parser("run", help="run the robot that `robot=` names")
    run.add_argument("overrides", nargs="*", metavar="key=value")
    try:
        return _run(parser.parse_args(arguments).overrides)
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(overrides: Sequence[str]) -> int:
    from configs.load import load  # slow imports stay out of --help
    from configs.schema.robot import RobotConfig
    from robot.signals import Stopped, listening
    from robot.trials.run import run_twin

    try:
        config = load(RobotConfig, overrides, root="robot_config")
        with listening():
            outcome = run_twin(config, lambda line: print(line, flush=True))
    except UserError as error:
        print(f"dexgen-robot: {error}", file=sys.stderr)
        return 2
    except Stopped as stop:
        print(f"dexgen-robot: ended by {stop.name}", file=sys.stderr)
        return 128 + stop.number
    except KeyboardInterrupt:
        return 130
    print(table(outcome))
    if outcome.clip is not None:
        print(f"clip: {outcome.clip}")
    if outcome.clip_failure is not None:
        print(f"clip: none; {outcome.clip_failure}", file=sys.stderr)
    return 0


def table(outcome: "Outcome") -> str:
    """Return the figures as text, hold times first."""
    rows = [("", "hold", "drops", "simulated", "goals/min", "tick p50", "tick p99", "corrected")]
    for name, holds in outcome.holds.items():
        hold = f"{holds.hold_s:.1f} s" if holds.hold_s is not None else f"> {holds.total_s:.0f} s"
        corrected = sum(holds.record.interventions.values())
        latency = holds.record.latency_s
        rows.append(
            (
                name,
                hold,
                str(holds.drops),
                f"{holds.total_s:.0f} s",
                f"{holds.goals_per_minute:.1f}",
                _milliseconds(latency, 50),
                _milliseconds(latency, 99),
                str(corrected),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    if outcome.timing is not None:
        timing = outcome.timing
        lines.append(
            f"in real time: {timing.record.ticks} ticks, latency p50 {timing.latency_ms(50):.1f} "
            f"ms, p99 {timing.latency_ms(99):.1f} ms; {timing.misses} deadlines missed, "
            f"{timing.skipped} slots skipped"
        )
    return "\n".join(lines)


def _milliseconds(seconds: Sequence[float], percent: float) -> str:
    import numpy as np

    return f"{1e3 * float(np.percentile(seconds, percent)):.1f} ms"


if __name__ == "__main__":
    sys.exit(main())

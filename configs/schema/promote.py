"""What a controller must show before it may reach a robot: gates as data."""

from typing import Annotated, Literal

from pydantic import Field

from configs.schema.strict import strict


@strict
class Gate:
    """One condition on a report; its name is its key.

    `metric` is a dotted path in the report, whose parts are `evaluation` (figures of the
    exported graph), `export`, `machine` (measured where the promotion runs) and `control`.
    `at_least` and `at_most` compare that figure with `threshold`, or with `threshold` times the
    figure at `relative_to`: a path in the same report or, beginning with `champion.`, in the
    champion's (such a gate holds while there is no champion). `finite` counts the figures
    under `metric` that are not finite numbers and allows `threshold` of them. A figure that is
    missing or not finite fails its gate.
    """

    # [-] path of the figure in the report that is judged
    metric: Annotated[str, Field(min_length=1)]
    # [-] how the figure is compared with the threshold
    comparison: Literal["at_least", "at_most", "finite"]
    threshold: float  # what the figure is compared with; a factor where `relative_to` is given
    # [-] path of a figure that the threshold is multiplied by; null: the threshold as it is
    relative_to: str | None
    why: Annotated[str, Field(min_length=1)]  # [-] what the gate is for, in the words of the report


@strict
class Latency:
    """How the tick of the exported graph is timed: batch 1, one thread."""

    warmup: Annotated[int, Field(ge=1)]  # [ticks] ticks before the clock runs
    ticks: Annotated[int, Field(ge=1)]  # [ticks] ticks that are timed


@strict
class Promote:
    # [name] who approves, in the approvals that a run signs
    approver: Annotated[str, Field(min_length=1)]
    latency: Latency
    gates: Annotated[dict[str, Gate], Field(min_length=1)]


@strict
class PromoteStep:
    promote: Promote

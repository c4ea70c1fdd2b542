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

    metric: Annotated[str, Field(min_length=1)]
    comparison: Literal["at_least", "at_most", "finite"]
    threshold: float  # in the metric's unit; a factor where relative_to is given
    relative_to: str | None
    why: Annotated[str, Field(min_length=1)]


@strict
class Latency:
    """How the tick of the exported graph is timed: batch 1, one thread."""

    warmup: Annotated[int, Field(ge=1)]  # ticks before the clock counts
    ticks: Annotated[int, Field(ge=1)]


@strict
class Promote:
    approver: Annotated[str, Field(min_length=1)]  # name in the approvals that the step signs
    latency: Latency
    gates: Annotated[dict[str, Gate], Field(min_length=1)]


@strict
class PromoteStep:
    promote: Promote

"""What a run may use of the machine; no result depends on it."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import strict


@strict
class Machine:
    memory_gib: Annotated[float, Field(gt=0)]  # [GiB] free memory that a run needs
    disk_gib: Annotated[float, Field(gt=0)]  # [GiB] free disk that a run needs
    expected_minutes: Annotated[float, Field(gt=0)]  # [min] rough duration of a first run
    parallel_steps: Annotated[int, Field(ge=1)]  # [steps] number of steps that run side by side
    # [threads] CPU threads of the physics of a step; null: all cores
    threads: Annotated[int, Field(ge=1)] | None

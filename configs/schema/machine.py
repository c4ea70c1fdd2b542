"""What a run may use of the machine; no result depends on it, so no step's identity does."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import strict


@strict
class Machine:
    memory_gib: Annotated[float, Field(gt=0)]  # [GiB] free memory that the profile needs
    disk_gib: Annotated[float, Field(gt=0)]  # [GiB] free disk that the profile needs
    expected_minutes: Annotated[float, Field(gt=0)]  # [min] rough time of a first run
    parallel_steps: Annotated[int, Field(ge=1)]  # steps that run side by side
    threads: Annotated[int, Field(ge=1)] | None  # physics threads a step; null: all cores

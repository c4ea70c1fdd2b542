"""How long what nothing refers to stays in the state folder."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import strict


@strict
class Retention:
    """A policy of `dexgen data gc`; no result depends on it."""

    keep_days: Annotated[float, Field(ge=0)]  # [d] of unreferenced results and unfinished work
    keep_reports: Annotated[int, Field(ge=1)]  # the newest reports, with what they show
    cache_gib: Annotated[float, Field(ge=0)]  # [GiB] of what was fetched from lakeFS
    grace_hours: Annotated[float, Field(ge=0)]  # [h] of objects that no commit lists yet

"""How long what nothing refers to stays in the state folder."""

from typing import Annotated

from pydantic import Field

from configs.schema.strict import strict


@strict
class Retention:
    """How long `dexgen data gc` keeps what nothing refers to; no result depends on it."""

    # [d] how long unfinished work and results that nothing refers to stay
    keep_days: Annotated[float, Field(ge=0)]
    # [-] number of reports that stay, the newest, with all that they show
    keep_reports: Annotated[int, Field(ge=1)]
    cache_gib: Annotated[float, Field(ge=0)]  # [GiB] greatest size of what was fetched from lakeFS
    # [h] how long an object stays that no commit lists yet
    grace_hours: Annotated[float, Field(ge=0)]

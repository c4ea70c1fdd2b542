"""Where versions are kept."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from configs.schema.strict import strict


@strict
class LocalSettings:
    """A folder below the state folder."""

    backend: Literal["local"]


@strict
class LakeFSSettings:
    """A repository of a lakeFS server; the credentials come from the environment (docs/data.md)."""

    backend: Literal["lakefs"]
    endpoint: Annotated[str, Field(pattern=r"^https?://[^/@\s]+$")]  # no path and no password
    repository: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{2,62}$")]  # lakeFS's own rule
    presign: bool  # bytes go to and from the object storage directly
    attempts: PositiveInt  # of a request that fails in passing
    pause_s: PositiveFloat  # before the second attempt; doubled before each further one
    timeout_s: PositiveFloat  # without an answer, or without a byte


Store = Annotated[LocalSettings | LakeFSSettings, Field(discriminator="backend")]

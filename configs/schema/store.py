"""Where versions are kept: in a folder, or on a lakeFS server."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from configs.schema.strict import strict


@strict
class LocalSettings:
    """A folder below the state folder."""

    backend: Literal["local"]  # a folder below the state folder


@strict
class LakeFSSettings:
    """A repository of a lakeFS server; credentials come from the environment (docs/lakefs.md)."""

    backend: Literal["lakefs"]  # where versions are kept: a folder (`local`) or a lakeFS server
    # [URL] address of the lakeFS server, without path and password
    endpoint: Annotated[str, Field(pattern=r"^https?://[^/@\s]+$")]
    # name of the repository, by lakeFS's own rule
    repository: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{2,62}$")]
    presign: bool  # whether bytes go to and from the object storage directly
    attempts: PositiveInt  # [-] number of attempts of a request that fails in passing
    pause_s: PositiveFloat  # [s] pause before the second attempt; doubled before each further one
    timeout_s: PositiveFloat  # [s] how long a request may go without an answer, or without a byte


Store = Annotated[LocalSettings | LakeFSSettings, Field(discriminator="backend")]

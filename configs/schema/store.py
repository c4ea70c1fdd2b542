"""Where versions are kept."""

from typing import Literal

from configs.schema.strict import strict


@strict
class Store:
    backend: Literal["local"]  # local: a folder below the state folder

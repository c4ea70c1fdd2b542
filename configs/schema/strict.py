"""The one decorator behind every configuration type."""

from typing import TypeVar, dataclass_transform

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def strict(cls: type[T]) -> type[T]:
    """Make a frozen pydantic dataclass that refuses unknown keys and non-finite numbers.

    Types carry no defaults: every value stands once, in YAML, with its unit and source.
    """
    settings = ConfigDict(extra="forbid", allow_inf_nan=False)
    return dataclass(cls, frozen=True, kw_only=True, config=settings)  # type: ignore[return-value]

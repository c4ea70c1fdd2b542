"""The one decorator behind every configuration type, and the numbers that many of them hold."""

from typing import Annotated, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

T = TypeVar("T")

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


@dataclass_transform(kw_only_default=True, frozen_default=True)
def strict(cls: type[T]) -> type[T]:
    """Make a frozen pydantic dataclass that refuses unknown keys and non-finite numbers.

    Types carry no defaults: every value stands once, in YAML, with its unit and source.
    """
    settings = ConfigDict(extra="forbid", allow_inf_nan=False)
    return dataclass(cls, frozen=True, kw_only=True, config=settings)  # type: ignore[return-value]

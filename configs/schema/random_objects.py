"""Objects drawn at random: what a training set of many shapes is made of."""

import math
import random
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator

from configs.schema.shapes import Convex
from configs.schema.strict import strict

Kind = Literal["box", "sphere", "cylinder", "capsule", "ellipsoid", "prism", "superquadric"]
PLACES = 4  # lengths are rounded to a tenth of a millimetre, so that a person can read them
LEAST = 0.0005  # [m] no half length is drawn shorter


@strict
class RandomObjects:
    """`count` objects, the kinds in turn; one more leaves those before it as they are.

    An object's edges have the geometric mean `size`, and no two of them differ by more than the
    factor `aspect`; both are drawn, the latter evenly in its logarithm.
    """

    count: Annotated[int, Field(ge=1)]  # [objects] number of objects that are drawn
    seed: Annotated[int, Field(ge=0)]  # [-] seed of the draws
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]  # [-] kinds of shapes, in turn
    # [m] geometric mean of an object's edges
    size: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
    # [-] greatest ratio of an object's longest edge to its shortest
    aspect: Annotated[float, Field(ge=1)]
    # [-] number of sides of a prism
    sides: tuple[Annotated[int, Field(ge=3)], Annotated[int, Field(le=12)]]
    # [-] exponents of a superquadric, from nearly a box to nearly an octahedron
    exponents: tuple[Annotated[float, Field(ge=0.1)], Annotated[float, Field(le=2)]]
    # [objects] one object in so many is held out of all training
    held_out_every: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def ranges_rise(self) -> "RandomObjects":
        for name in ("size", "sides", "exponents"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} [{low}, {high}] falls; give the smaller number first")
        return self

    def draw(self, index: int) -> tuple[str, Convex, bool]:
        """Return the name, the shape and whether it is held out, of one object."""
        kind = self.kinds[index % len(self.kinds)]
        draws = random.Random(f"{self.seed}/{index}")  # a text seeds by its sha512, everywhere
        shape = TypeAdapter(Convex).validate_python({"kind": kind, **self._lengths(kind, draws)})
        held_out = index % self.held_out_every == self.held_out_every - 1
        return f"{kind}_{index:04d}", shape, held_out

    def _lengths(self, kind: str, draws: random.Random) -> dict[str, Any]:
        size = draws.uniform(*self.size)
        logs = [draws.uniform(0.0, math.log(self.aspect)) for _ in range(3)]
        x, y, z = (0.5 * size * math.exp(log - sum(logs) / 3.0) for log in logs)
        around = math.sqrt(x * y)
        match kind:
            case "sphere":
                return {"radius": rounded(0.5 * size)}
            case "cylinder":
                return {"radius": rounded(around), "half_height": rounded(z)}
            case "capsule":  # longer than thick, whichever was drawn longer
                thin, long = sorted((around, z))
                return {"radius": rounded(thin), "half_height": rounded(long - thin)}
            case "prism":
                sides = draws.randint(*self.sides)
                return {"sides": sides, "radius": rounded(around), "half_height": rounded(z)}
            case "superquadric":
                exponents = [round(draws.uniform(*self.exponents), 2) for _ in range(2)]
                return {"half": [rounded(v) for v in (x, y, z)], "exponents": exponents}
        return {"half": [rounded(v) for v in (x, y, z)]}


def rounded(length: float) -> float:
    return max(round(length, PLACES), LEAST)

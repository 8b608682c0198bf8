"""What is computed of the values in a window, and the mergeable states that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from drawloom.specs.validation import RuleError, did_you_mean

LISTS = frozenset({"last_k", "top_k"})
# Of features; others have that of the values.
TYPES = {
    "count": "BIGINT",
    "n_distinct": "BIGINT",
    "sum": "DOUBLE",
    "avg": "DOUBLE",
    "stddev": "DOUBLE",
    "last_k": "VARCHAR[]",
    "top_k": "VARCHAR[]",
}
MOST = 20  # values of a list

# The columns of a state; each of them can be merged with those of other days.
STATES: dict[str, tuple[str, ...]] = {
    "count": ("count",),
    "sum": ("sum",),
    "avg": ("n", "sum"),
    "min": ("min",),
    "max": ("max",),
    "stddev": ("n", "sum", "low", "high", "rest", "m2"),
    "first": ("first",),
    "last": ("last", "last_day"),
    "n_distinct": (),
    "top_k": (),
    "last_k": (),
}


@dataclass(frozen=True, slots=True)
class Op:
    """What is computed: ``name`` is a key of ``STATES``; ``k`` is how many values a list has."""

    name: str
    k: int = 0

    @property
    def text(self) -> str:
        """For people: its name, and how many values."""
        return f"{self.name} {self.k}" if self.k else self.name

    @property
    def states(self) -> tuple[str, ...]:
        """The columns of state it is computed from; none where it has rows of their own."""
        return STATES[self.name]


def as_op(value: object) -> object:
    """An op from ``sum`` or ``{last_k: 5}``."""
    if isinstance(value, Op):
        return value
    if isinstance(value, str) and value in STATES and value not in LISTS:
        return Op(value)
    if isinstance(value, dict) and len(value) == 1:
        ((name, k),) = value.items()
        if name in LISTS:
            if isinstance(k, int) and not isinstance(k, bool) and 1 <= k <= MOST:
                return Op(name, k)
            raise RuleError(f"must have a number of values from 1 to {MOST}, like {{{name}: 5}}")
    if isinstance(value, str) and value in LISTS:
        raise RuleError(f"must say how many, like {{{value}: 5}}")
    names = [*(name for name in STATES if name not in LISTS), *(f"{name}: 5" for name in sorted(LISTS))]
    raise RuleError(f"must be one of {', '.join(names)}", did_you_mean(str(value), STATES) or None)


AnyOp = Annotated[
    Op,
    BeforeValidator(as_op),
    PlainSerializer(lambda op: {op.name: op.k} if op.k else op.name),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [name for name in STATES if name not in LISTS]},
                {
                    "type": "object",
                    "properties": {name: {"type": "integer", "minimum": 1, "maximum": MOST} for name in sorted(LISTS)},
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        }
    ),
]

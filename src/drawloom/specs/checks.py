"""Data checks in specs: a list of mappings with one key each."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from drawloom.specs.base import SpecPart
from drawloom.specs.fields import Name, Names, Plain
from drawloom.specs.validation import RuleError

Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
OneOrMore = Annotated[Names, Field(min_length=1)]
SpecPartT = TypeVar("SpecPartT", bound=SpecPart)


class Rows(SpecPart):
    """Bounds of the number of rows."""

    min: Annotated[int, Field(ge=0)] | None = Field(None, description="the fewest rows")
    max: Annotated[int, Field(ge=0)] | None = Field(None, description="the most rows")

    @model_validator(mode="after")
    def _check_order(self) -> Rows:
        return _check_bounds(self, self.min, self.max)


class Ratio(SpecPart):
    """Bounds of the number of rows, as multiples of that of seven days before."""

    min: Number | None = Field(None, description="the smallest multiple, like 0.5")
    max: Number | None = Field(None, description="the largest multiple, like 2")

    @model_validator(mode="after")
    def _check_order(self) -> Ratio:
        return _check_bounds(self, self.min, self.max)


class Query(SpecPart):
    """A SELECT over the table `staged` that must return no rows."""

    name: Name = Field(description="what reports call it")
    query: Name = Field(description="the SELECT, in DuckDB's dialect, a template over ds")


class CheckSpec(SpecPart):
    """One test of a staged partition, before it is published."""

    not_null: OneOrMore | None = Field(None, description="columns without NULLs")
    unique: OneOrMore | None = Field(None, description="columns that are unique together; rows with a NULL are ignored")
    accepted_values: dict[str, Annotated[tuple[Plain, ...], Field(strict=False, min_length=1)]] | None = Field(
        None, description="column: [values]; NULL passes"
    )
    rows: Rows | None = Field(None, description="{min: ..., max: ...}: how many rows there may be")
    same_weekday: Ratio | None = Field(
        None,
        description="{min: ..., max: ...}: rows as multiples of those seven days before; passes where there are none",
    )
    sql: Query | None = Field(
        None, description="{name: ..., query: ...}: a SELECT over `staged` that must return no rows"
    )
    severity: Literal["error", "warn"] = Field("error", description="warn: report it and let the partition pass")

    @model_validator(mode="after")
    def _has_one_kind(self) -> CheckSpec:
        kinds = [name for name in type(self).model_fields if name != "severity" and getattr(self, name) is not None]
        if len(kinds) != 1:
            known = ", ".join(name for name in type(self).model_fields if name != "severity")
            raise RuleError(f"must be exactly one of {known}", "Write each check as an item of its own.")
        if self.accepted_values is not None and not self.accepted_values:
            raise RuleError("must name a column, like accepted_values: {city: [Lima, Oslo]}")
        return self


def _check_bounds(part: SpecPartT, least: float | None, most: float | None) -> SpecPartT:
    if least is None and most is None:
        raise RuleError("must have a min, a max or both")
    if least is not None and most is not None and least > most:
        raise RuleError(f"must have its min, {least}, no larger than its max, {most}")
    return part

"""The spec of growth accounting."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from drawloom.frameworks.fields import Condition, Dimension, Entity, TimeColumn, Window
from drawloom.model import Fix, Problem
from drawloom.specs.base import Spec
from drawloom.specs.fields import Name, TableName, Word
from drawloom.specs.validation import did_you_mean

MAX_WINDOW_DAYS = 28  # days of a window: two of them fit the 56 bits of a map
MAX_WINDOWS = 16  # windows: three flags of each, and how new an entity is, fit a BIGINT
Step = Literal["day", "window"]
GrowthWindow = Annotated[Window, Field(le=MAX_WINDOW_DAYS)]


class GrowthDimension(Dimension):
    """What an entity is counted by: one value for each entity and day."""

    model_config = ConfigDict(populate_by_name=True)

    touch: Literal["last", "first"] = Field(
        "last", description="last: the value of the newest row; first: of the entity's first day, for ever"
    )
    snapshot: TableName | None = Field(
        None, alias="from", description="a daily snapshot with a row for each entity, whose value of that day counts"
    )


class Growth(Spec):
    """Daily growth accounting of the entities in a table: active, new, retained, resurrected, churned and stale, by dimensions."""

    kind: Literal["growth"] = Field("growth", description="growth")
    name: Word = Field(description="what the tables are called: growth.<name>, growth.<name>_engagement and so on")
    source: TableName = Field(description="the table of events, partitioned by ds")
    entity: Entity = Field(description="the column, or list of columns, that identifies the entity of a row")
    time: TimeColumn | None = Field(None, description="the column that orders the rows of a day")
    activities: Annotated[dict[Name, Condition], Field(min_length=1)] = Field(
        description="activity: the condition of its rows, or true for all; each is counted by itself"
    )
    windows: Annotated[tuple[GrowthWindow, ...], Field(strict=False, min_length=1, max_length=MAX_WINDOWS)] = Field(
        (1, 7, 28), description="the days within which an entity is active, each 1 to 28"
    )
    steps: Annotated[tuple[Step, ...], Field(strict=False, min_length=1)] = Field(
        ("day", "window"),
        description="what a window is compared with: the one a day before, the one before it, or both",
    )
    dimensions: dict[Name, GrowthDimension] = Field({}, description="dimension: how it is found, {} for the last value")
    cuts: Annotated[
        tuple[Annotated[tuple[Name, ...], Field(strict=False, min_length=1)], ...] | None, Field(strict=False)
    ] = Field(
        None,
        description="lists of dimensions to count by together; each dimension by itself otherwise. The total is always included",
    )

    @property
    def table(self) -> str:
        """The table of the accounting; those beside it begin with its name."""
        return f"growth.{self.name}"

    @property
    def all_cuts(self) -> tuple[tuple[str, ...], ...]:
        """The cuts without the total; each names its dimensions in the order of the spec."""
        if self.cuts is None:
            return tuple((name,) for name in self.dimensions)
        return tuple(tuple(name for name in self.dimensions if name in cut) for cut in self.cuts)

    def problems(self) -> Iterator[Problem]:
        """Names that clash, cuts of unknown dimensions, duplicates."""
        if not re.fullmatch(r"\w+", self.name):
            yield self._problem(
                "name", f"{self.name}, must be one word of letters, digits and _: tables are called by it"
            )
        yield from self._name_clashes()
        yield from self._cut_problems()
        for field in ("windows", "steps"):
            if len(set(getattr(self, field))) < len(getattr(self, field)):
                yield self._problem(field, f"{list(getattr(self, field))}, must not name one twice")
        for name, dimension in self.dimensions.items():
            if dimension.snapshot and dimension.touch != "last":
                yield self._problem("dimensions", f"{name}, must have `touch` or `from`, not both", name)

    def _name_clashes(self) -> Iterator[Problem]:
        states = [
            *self.activities,
            *(f"{activity}_{part}" for activity in self.activities for part in ("first", "last", "bits")),
        ]
        names = [*self.entity, *states, *self.dimensions]
        for name, count in Counter(name.lower() for name in names).items():
            if count > 1:
                yield self._problem("dimensions", f"{name}, must be the name of one thing only", fix=_OTHER_NAME)
        for name in names:
            if name.lower() in RESERVED:
                yield self._problem("dimensions", f"{name}, must not be a column of growth tables", fix=_OTHER_NAME)
        for name in self.dimensions:
            if "," in name:
                yield self._problem("dimensions", f"{name}, must have no comma, which joins them in `cut`", name)

    def _cut_problems(self) -> Iterator[Problem]:
        for number, cut in enumerate(self.cuts or ()):
            for name in cut:
                if name not in self.dimensions:
                    offer = did_you_mean(name, self.dimensions)
                    fix = Fix(offer or "Name it under `dimensions` first.")
                    yield self._problem("cuts", f"{name}, must be one of the dimensions", number, fix)
        if len({frozenset(cut) for cut in self.cuts or ()}) < len(self.cuts or ()):
            yield self._problem("cuts", f"{[list(cut) for cut in self.cuts or ()]}, must not name one twice")

    def _problem(self, field: str, text: str, key: str | int | None = None, fix: Fix | None = None) -> Problem:
        where = self.place(field) if key is None else self.place(field, key)
        return Problem("invalid", "error", f"{field} == {text}.", where, fix)


RESERVED = frozenset(
    word
    for line in (
        "ds activity window_days step cut active new retained resurrected churned stale ever net_moved warmup",
        "days_active entities quick_ratio retention_rate stickiness dimension value rank",
        "n flags active_days away kept age ahead timed row_time first_row last_row first_day next_day active_before swept",
    )
    for word in line.split()
)
_OTHER_NAME = Fix("Give the dimension another name, and its `column`.")

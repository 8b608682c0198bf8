"""A funnel framework for drawloom: how many entities get how far through some steps, each day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import sqlglot
from pydantic import Field
from sqlglot import exp

from drawloom.frameworks.base import Context
from drawloom.model import Pipeline, Problem, Step, Table
from drawloom.specs.base import Spec
from drawloom.specs.fields import Name, TableName


class Funnel(Spec):
    """How many entities take each step of a day after the step before it."""

    kind: Literal["funnel"] = Field("funnel", description="funnel")
    table: TableName = Field(description="the table it fills")
    source: TableName = Field(description="the table of events")
    entity: Name = Field(description="the column that tells whose event it is")
    at: Name = Field(description="the column that tells when the event was")
    steps: Annotated[dict[Name, Name], Field(min_length=1)] = Field(description="step: the condition of its events")

    def compile(self, project: Context) -> Pipeline:
        """The pipeline that fills the table."""
        problems = list(self._bad_conditions())
        sql = "" if problems else self._query().sql("duckdb", pretty=True)
        into = Table(self.table, owner=project.owner(self), description=self.description)
        return project.pipeline(self, self.table, [Step(self.table, into, sql=sql, where=self.where)], problems)

    def _bad_conditions(self) -> Iterator[Problem]:
        for step, condition in self.steps.items():
            try:
                sqlglot.parse_one(condition, into=exp.Condition, dialect="duckdb")
            except sqlglot.ParseError:
                message = f"steps.{step} == {condition!r}, must be a condition in SQL."
                yield Problem("invalid", "error", message, self.place("steps", step))

    def _query(self) -> exp.Query:
        today = exp.column("ds").eq(exp.cast(exp.Literal.string("{{ ds }}"), "date"))
        query = exp.union(*counts) if len(counts := [self._count(n) for n in range(len(self.steps))]) > 1 else counts[0]
        query = query.with_("events", as_=exp.select("*").from_(exp.to_table(self.source)).where(today))
        for number in range(len(self.steps)):
            query = query.with_(f"step_{number}", as_=self._step(number))
        return query

    def _step(self, number: int) -> exp.Select:
        """The entities that take the step after the one before it, and when they first do."""
        entity, at = (exp.column(exp.to_identifier(name, quoted=True), "events") for name in (self.entity, self.at))
        taken = sqlglot.parse_one(list(self.steps.values())[number], into=exp.Condition, dialect="duckdb")
        query = exp.select(exp.alias_(entity, "entity"), exp.alias_(exp.Min(this=at), "at")).from_("events")
        if number:
            before = exp.column("entity", "before").eq(entity) & (exp.column("at", "before") <= at)
            query = query.join(exp.alias_(exp.to_table(f"step_{number - 1}"), "before", table=True), on=before)
        return query.where(taken).group_by(entity)

    def _count(self, number: int) -> exp.Select:
        name = exp.Literal.string(list(self.steps)[number])
        values = {"number": exp.Literal.number(number + 1), "step": name, "entities": exp.Count(this=exp.Star())}
        return exp.select(*(exp.alias_(value, key) for key, value in values.items())).from_(f"step_{number}")

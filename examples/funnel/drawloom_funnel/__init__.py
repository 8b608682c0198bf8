"""A funnel framework for drawloom: how many entities get how far through some steps, each day."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.base import Framework, ProjectContext
from drawloom.frameworks.fields import Condition, TimeColumn, condition_problems, condition_sql
from drawloom.frameworks.page import Chart, Choice, Choices, Fact, Judgement, Page, Row, Series, Verdict
from drawloom.model import Column, InputError, Membership, Step, Table
from drawloom.specs.base import Spec
from drawloom.specs.fields import Name, TableName, Word

COLUMNS = (Column("number", "INTEGER"), Column("step", "VARCHAR"), Column("entities", "BIGINT"))


class Funnel(Spec):
    """How many entities take each step of a day after the step before it."""

    kind: Literal["funnel"] = Field("funnel", description="funnel")
    name: Word = Field(description="the table is called funnels.<name>")
    source: TableName = Field(description="the table of events")
    entity: Name = Field(description="the column that tells whose event it is")
    time: TimeColumn = Field(description="the column that tells when the event was")
    steps: Annotated[dict[Name, Condition], Field(min_length=1)] = Field(description="step: its condition")


def compile_funnel(spec: Funnel, project: ProjectContext) -> Iterator[Step]:
    """The one step of a funnel; all funnels together are the table funnels.all."""
    if problems := list(condition_problems(spec, "steps", spec.steps, spec.source)):
        raise InputError(*problems)
    sql = sqlfiles.render_sql(
        Path(__file__).with_name("funnel.sql"),
        source=sqlfiles.quote_table(spec.source),
        entity=sqlfiles.quote_name(spec.entity),
        time=sqlfiles.quote_name(spec.time),
        steps=[(sqlfiles.quote_value(name), condition_sql(condition)) for name, condition in spec.steps.items()],
    )
    member = Membership("funnels.all", (("funnel", spec.name),))
    into = Table(f"funnels.{spec.name}", COLUMNS, owner=project.owner(spec), member_of=member)
    yield Step(into.name, into, sql=sql, where=spec.where)


def funnel_page(spec: Funnel, given: Mapping[str, str]) -> Page:
    """How far they got on a day."""
    chosen = Choices.of(given, Choice("as_of", label="the day"))
    table, day = sqlfiles.quote_table(f"funnels.{spec.name}"), chosen.day("as_of")
    last = f"DATE '{day}'" if day else f"(SELECT max(ds) FROM {table})"
    query = f"SELECT number, step, entities FROM {table} WHERE ds = {last} ORDER BY number"
    end = Fact("got to the end", query, "entities")
    steps = Chart("steps", "How far they got", "bars", query, "step", (Series("entities", "entities", "blue"),))
    return Page(spec.name, (steps,), (end,), Verdict(query, judge), chosen.choices, spec.description)


def judge(rows: Sequence[Row]) -> Judgement:
    """Which part of those who began got to the end."""
    first, last = rows[0], rows[-1]
    if not first["entities"]:
        return Judgement(f"Nobody took the first step, {first['step']}.", "bad")
    return Judgement(f"{last['entities'] / first['entities']:.0%} got from {first['step']} to {last['step']}.")


framework = Framework("funnel", Funnel, compile_funnel, funnel_page)

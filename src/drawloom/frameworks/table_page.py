"""Pages that need no framework: of a table its rows by day and its newest rows, of a family its members."""

from __future__ import annotations

from collections.abc import Mapping

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.page import Chart, Choice, Choices, DataColumn, DataTable, Fact, Page, Series
from drawloom.model import Family, Pipeline

DAYS = 56
ROWS = 20


def table_page(pipeline: Pipeline, given: Mapping[str, str]) -> Page:
    """The page of a pipeline's table.

    Raises:
        InputError: a choice is unknown.
    """
    tables = tuple(reversed([step.into.name for step in pipeline.order]))
    chosen = Choices.of(given, Choice("table", tables, "which of its tables"), Choice("as_of", (), "the last day"))
    table = sqlfiles.quote_table(chosen["table"])
    day = chosen.day("as_of")
    until = f" WHERE ds <= DATE '{day}'" if day else ""
    last = f"(SELECT max(ds) FROM {table}{until})"
    by_day = (
        f"SELECT ds, count(*) AS n_rows FROM {table} WHERE ds > {last} - INTERVAL '{DAYS}' DAY AND ds <= {last} "
        "GROUP BY ds ORDER BY ds"
    )
    return Page(
        title=chosen["table"],
        description=pipeline.description,
        choices=chosen.choices,
        facts=(
            Fact("last day", f"SELECT max(ds) AS ds FROM {table} WHERE ds <= {last}", "ds", "day"),
            Fact("rows of the last day", by_day, "n_rows", day="ds", compare=(7, 28)),
        ),
        blocks=(
            Chart("rows", "Rows by day", "bars", by_day, "ds", (Series("n_rows", "rows", "blue", adds_up=True),)),
            DataTable(
                "newest",
                f"The first {ROWS} rows of the last day",
                f"SELECT * FROM {table} WHERE ds = {last} LIMIT {ROWS}",
                raw=True,
            ),
        ),
    )


def family_page(family: Family, given: Mapping[str, str]) -> Page:
    """The members of a family: their constants, and the last day and the rows of each.

    Raises:
        InputError: something is chosen; there is nothing to choose.
    """
    Choices.of(given)
    constants = [name for name, _ in family.members[0].constants]
    names = sqlfiles.quote_names(constants)
    rows = ", ".join(
        f"({', '.join([sqlfiles.quote_value(member.table), *(sqlfiles.quote_literal(value) for _, value in member.constants)])})"
        for member in family.members
    )
    same = " AND ".join(f"held.{sqlfiles.quote_name(name)} = members.{sqlfiles.quote_name(name)}" for name in constants)
    members = (
        f"SELECT members.*, held.last_day, coalesce(held.n_rows, 0) AS n_rows "
        f"FROM (VALUES {rows}) AS members (member, {names}) LEFT JOIN ("
        f"SELECT {names}, max(ds) AS last_day, count(*) AS n_rows FROM {sqlfiles.quote_table(family.name)} GROUP BY {names}"
        f") AS held ON {same} ORDER BY members.member"
    )
    columns = (
        DataColumn("member", "table", is_table=True),
        *(DataColumn(name) for name in constants),
        DataColumn("last_day", "last day", "day"),
        DataColumn("n_rows", "rows", "integer"),
    )
    description = (
        f"A family: tables with the same columns, which specs fill, and which are read as one. {family.name} in a query is the "
        f"rows of all members, told apart by {' and '.join(constants)}; what reads it is stale when a member it reads changes."
    )
    return Page(family.name, (DataTable("members", "Members", members, columns),), description=description)

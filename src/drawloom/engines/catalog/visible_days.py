"""Limits a query to the days that it may see: its tables are replaced by SELECTs of partitions; checks that it only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby

from sqlglot import exp

from drawloom.model import KEY, Column, refuse
from drawloom.sql.parse import parse
from drawloom.sql.template.rendering import Piece, Rendered

_KEPT_ARGS = ("pivots", "sample", "joins", "laterals")


def limit_tables(tree: exp.Query, dialect: str, views: Mapping[str, exp.Query | exp.Table]) -> str:
    """The query as text, with the tables in ``views`` (by name in lower case) replaced by these SELECTs.

    A table keeps its alias; common table expressions of the same name are not replaced.
    """
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        name = ".".join(part.name for part in table.parts).lower()
        view = views.get(name)
        if view is not None and (table.db or name not in ctes):
            _replace(table, view)
    for column in tree.find_all(exp.Column):
        if column.args.get("db"):
            column.set("db", None)
            column.set("catalog", None)
    return tree.sql(dialect, pretty=True, normalize_functions=False)


def _replace(table: exp.Table, view: exp.Query | exp.Table) -> None:
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
    made = view.copy() if isinstance(view, exp.Table) else exp.Subquery(this=view.copy())
    made.set("alias", alias.copy())
    for arg in _KEPT_ARGS:
        if table.args.get(arg):
            made.set(arg, table.args[arg])
    table.replace(made)


def select_days(
    table: exp.Table, days: Sequence[date] | None, columns: Sequence[Column], key: str | None
) -> exp.Query | exp.Table:
    """A SELECT of these days of a table; None for all days.

    ``key`` is the type of its ``ds``. Where that is not DATE, as in tables of other tools, it is cast.
    """
    if key is None or (key == "DATE" and days is None):
        return table
    if key == "DATE":
        return exp.select("*").from_(table).where(day_condition(sorted(set(days or ()))))
    items = [exp.column(column.name, quoted=True) for column in columns]
    query = exp.select(*items, exp.alias_(exp.cast(exp.column(KEY), exp.DType.DATE), KEY)).from_(table)
    return query if days is None else query.where(day_condition(sorted(set(days)), literal=_text))


def _day(day: date) -> exp.Expr:
    return exp.cast(_text(day), exp.DType.DATE)


def _text(day: date) -> exp.Expr:
    return exp.Literal.string(day.isoformat())


def day_condition(
    days: Sequence[date], key: exp.Expr | None = None, literal: Callable[[date], exp.Expr] = _day
) -> exp.Expr:
    """The condition that a row is of one of these days, which are sorted; ranges of days become BETWEEN."""
    spans = [[day for _, day in run] for _, run in groupby(enumerate(days), lambda pair: pair[1] - timedelta(pair[0]))]
    key = key or exp.column(KEY)
    single = [literal(span[0]) for span in spans if len(span) == 1]
    tests: list[exp.Expr] = [key.between(literal(span[0]), literal(span[-1])) for span in spans if len(span) > 1]
    if len(single) == 1:
        tests.append(exp.EQ(this=key.copy(), expression=single[0]))
    elif single:
        tests.append(exp.In(this=key.copy(), expressions=single))
    return exp.or_(*tests) if tests else exp.false()


def parse_select(sql: str, dialect: str) -> exp.Query:
    """The one SELECT in a text.

    Raises:
        InputError: it is another kind of statement, more than one, or none; or it is not valid SQL.
    """
    statements, _ = parse(Rendered(sql, sql, (Piece(0, 0, True, sql),)), dialect)
    if len(statements) != 1:
        raise refuse("not-select", f"statements == {len(statements)}, must be one SELECT.", None, "Remove the others.")
    found = statements[0]
    if not isinstance(found, exp.Query) or any(found.find_all(exp.DML, exp.DDL, exp.Into)):
        kind = found.key.upper()
        message = f"statement == {kind}, must be a SELECT."
        raise refuse("not-select", message, None, "A step only reads; it writes itself.")
    return found


def mentioned_tables(sql: str, dialect: str, has: Callable[[str], object]) -> dict[str, None]:
    """The tables in a text that the catalog ``has``, with all their days.

    Raises:
        InputError: as ``parse_select``.
    """
    tables = parse_select(sql, dialect).find_all(exp.Table)
    names = {f"{table.db}.{table.name}".lower() for table in tables if table.db and not table.catalog}
    return {name: None for name in sorted(names) if has(name)}

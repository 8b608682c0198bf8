"""Giving a text the days that it may see, and no other: tables become SELECTs of their partitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby

from sqlglot import exp

from drawloom.model import KEY, Column

_MOVED = ("pivots", "sample", "joins", "laterals")


def narrow(tree: exp.Query, dialect: str, views: Mapping[str, exp.Query | exp.Table]) -> str:
    """The query as text, with each of these tables (by its name in lower case) read as the view of it.

    A table keeps the name that the text knows it by; common table expressions of the same name stay what they are.
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
    for arg in _MOVED:
        if table.args.get(arg):
            made.set(arg, table.args[arg])
    table.replace(made)


def partitions(
    table: exp.Table, days: Sequence[date] | None, columns: Sequence[Column], key: str | None
) -> exp.Query | exp.Table:
    """A table as these days of it; None for all.

    ``key`` is the type of its ``ds``; where it is no DATE, as in tables of others, it becomes one.
    """
    if key is None or (key == "DATE" and days is None):
        return table
    if key == "DATE":
        return exp.select("*").from_(table).where(among(sorted(set(days or ()))))
    items = [exp.column(column.name, quoted=True) for column in columns]
    query = exp.select(*items, exp.alias_(exp.cast(exp.column(KEY), exp.DType.DATE), KEY)).from_(table)
    return query if days is None else query.where(among(sorted(set(days)), said=_text))


def _day(day: date) -> exp.Expr:
    return exp.cast(_text(day), exp.DType.DATE)


def _text(day: date) -> exp.Expr:
    return exp.Literal.string(day.isoformat())


def among(days: Sequence[date], key: exp.Expr | None = None, said: Callable[[date], exp.Expr] = _day) -> exp.Expr:
    """The test whether a row is of one of these days, in order; an engine turns ranges into partitions by itself."""
    spans = [[day for _, day in run] for _, run in groupby(enumerate(days), lambda pair: pair[1] - timedelta(pair[0]))]
    key = key or exp.column(KEY)
    single = [said(span[0]) for span in spans if len(span) == 1]
    tests: list[exp.Expr] = [key.between(said(span[0]), said(span[-1])) for span in spans if len(span) > 1]
    if len(single) == 1:
        tests.append(exp.EQ(this=key.copy(), expression=single[0]))
    elif single:
        tests.append(exp.In(this=key.copy(), expressions=single))
    return exp.or_(*tests) if tests else exp.false()

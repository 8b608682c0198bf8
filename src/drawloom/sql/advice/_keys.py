"""Conditions on partition columns, and whether what is read is bounded by them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Read
from drawloom.sql.advice._columns import key_names, outputs, owner
from drawloom.sql.advice._walk import Source, conditions, query_of, sources
from drawloom.sql.script import Script

COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Like)


def key_tests(script: Script, table: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Column]]:
    """The conditions beside a table that look at one of its partition columns, with that column."""
    select = table.find_ancestor(exp.Select)
    among = sources(select) if select is not None else ()
    here = next((source for source in among if source.node is table), None)
    keys = key_names(script, table) if here is not None else frozenset()
    for test in conditions(select) if select is not None and keys else ():
        for column in test.find_all(exp.Column):
            if column.name.lower() in keys and _is_of(script, column, among, here):
                yield test, column


def _is_of(script: Script, column: exp.Column, among: tuple[Source, ...], here: Source | None) -> bool:
    return owner(script, column, among) is here


def comparison_of(column: exp.Column) -> exp.Expr | None:
    """The comparison that a column stands in."""
    found = column.find_ancestor(*COMPARISONS, exp.Select)
    return None if isinstance(found, exp.Select) else found


def wrapper_of(column: exp.Column) -> exp.Expr | None:
    """The function around a column inside its comparison, casts left aside; LIKE counts, for it prunes nothing."""
    node = column.parent
    while isinstance(node, exp.Paren | exp.Cast | exp.TryCast | exp.Date | exp.TsOrDsToDate):
        node = node.parent
    if isinstance(node, exp.Like):
        return node
    return (
        node
        if isinstance(node, exp.Func | exp.Binary) and not isinstance(node, (*COMPARISONS, exp.Connector))
        else None
    )


def takes_latest(test: exp.Expr, among: tuple[Source, ...], script: Script) -> bool:
    """Whether a condition compares with a max(...) out of a query, or out of a joined one."""
    for query in test.find_all(exp.Select):
        if any(isinstance(item.unalias(), exp.Max) for item in query.expressions):
            return True
    for column in test.find_all(exp.Column):
        source = owner(script, column, among)
        made = outputs(query_of(source.node)) if source is not None else None
        if made and isinstance(made.get(column.name.lower()), exp.Max):
            return True
    return False


def spans_of(read: Read) -> list[tuple[object, object]]:
    """First and last day of each span that is read, None where it is open; none where no bound was found."""
    match read.how:
        case "offset":
            return list(read.days.spans)
        case "fixed":
            return list(read.dates)
        case "calendar":
            return list(read.calendar) or [span for _, spans in read.measured for span in spans]
    return []


def has_end(read: Read) -> bool:
    """Whether what is read has a last day."""
    return all(last is not None for _, last in spans_of(read))


def first_test(script: Script, table: exp.Expr) -> exp.Expr:
    """Where to point for the days of a table: its first condition on a key, else the table."""
    found = next(key_tests(script, table), None)
    return (comparison_of(found[1]) or found[0]) if found else table


def literals(test: exp.Expr) -> Iterator[exp.Literal]:
    """The text constants of a condition."""
    yield from (literal for literal in test.find_all(exp.Literal) if literal.is_string)

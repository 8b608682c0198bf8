"""Conditions on partition columns, and whether what is read is bounded by them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Read
from drawloom.sql.lint.nodes import per_script
from drawloom.sql.lint.scopes import conditions, definition, partition_keys, source_of
from drawloom.sql.script import Script

COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Like)


def key_conditions(script: Script, table: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Column]]:
    """The conditions beside a table that use one of its partition columns, each with that column."""
    keys = partition_keys(script, table)
    found = _conditions(script).of(table) if keys else ()
    return ((test, column) for test, column in found if column.name.lower() in keys)


class _ConditionsByTable:
    """The conditions of a script's SELECTs by the table whose columns they use; those of a SELECT are looked at once."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.selects: dict[int, dict[int, list[tuple[exp.Expr, exp.Column]]]] = {}

    def of(self, table: exp.Expr) -> list[tuple[exp.Expr, exp.Column]]:
        """The conditions beside a table that use its columns, each with that column."""
        select = table.find_ancestor(exp.Select)
        if id(select) not in self.selects:
            self.selects[id(select)] = self._by_table(select)
        return self.selects[id(select)].get(id(table), [])

    def _by_table(self, select: exp.Select | None) -> dict[int, list[tuple[exp.Expr, exp.Column]]]:
        found: dict[int, list[tuple[exp.Expr, exp.Column]]] = {}
        for test in conditions(self.script, select):
            for column in test.find_all(exp.Column):
                source = source_of(self.script, column)
                if source is not None:
                    found.setdefault(id(source.node), []).append((test, column))
        return found


_conditions = per_script(_ConditionsByTable)


def enclosing_comparison(column: exp.Column) -> exp.Expr | None:
    """The comparison around a column."""
    found = column.find_ancestor(*COMPARISONS, exp.Select)
    return None if isinstance(found, exp.Select) else found


def wrapping_function(column: exp.Column) -> exp.Expr | None:
    """The function around a column in its comparison, casts aside. LIKE counts as one: it prunes no partitions."""
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


def compares_with_max(script: Script, test: exp.Expr) -> bool:
    """Whether a condition compares with a max(...) from a subquery, or from a joined query."""
    subqueries = test.find_all(exp.Select)
    return any(isinstance(item.unalias(), exp.Max) for query in subqueries for item in query.expressions) or any(
        isinstance(definition(script, column), exp.Max) for column in test.find_all(exp.Column)
    )


def day_spans(read: Read) -> list[tuple[object, object]]:
    """First and last day of each span that is read, None where it is open; empty if no bound was found."""
    match read.how:
        case "offset":
            return list(read.days.spans)
        case "fixed":
            return list(read.dates)
        case "calendar":
            first, last = read.within
            rules = [(a or first, b or last) for a, b in read.calendar]
            return list(rules) or [span for _, spans in read.measured for span in spans]
    return []


def has_last_day(read: Read) -> bool:
    """Whether a read has a last day."""
    return all(last is not None for _, last in day_spans(read))


def first_key_condition(script: Script, table: exp.Expr) -> exp.Expr:
    """The place of a finding about a table's days: its first condition on a key, else the table."""
    found = next(key_conditions(script, table), None)
    return (enclosing_comparison(found[1]) or found[0]) if found else table


def string_literals(test: exp.Expr) -> Iterator[exp.Literal]:
    """The text constants of a condition."""
    yield from (literal for literal in test.find_all(exp.Literal) if literal.is_string)

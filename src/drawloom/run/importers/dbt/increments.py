"""What ``is_incremental()`` guards in dbt's models: the condition that lets only new rows in, as one on the run's day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import nodes

from drawloom.run.importers.jinja_text import Known, choose_branches, conditions, replace_spans, tags, truth
from drawloom.run.importers.sql_tables import parse
from drawloom.run.importers.upstream import TODAY

if TYPE_CHECKING:
    from sqlglot import exp

_THIS = "drawloom_this"
_VALUE = "drawloom_value"
_GUARD = re.compile(r"\s*(where|and)\b(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class DayFilter:
    """The expression whose day decides in which partition a row is, and the column that stores it."""

    expression: str
    stored: str

    @property
    def sql(self) -> str:
        """The condition on the rows of the run's day."""
        return f"CAST({self.expression} AS DATE) = {TODAY}"


def is_incremental(answer: bool) -> Known:
    """What is known of conditions where ``is_incremental()`` has this answer."""

    def known(node: nodes.Expr) -> bool | None:
        is_call = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name)
        return answer if is_call and node.node.name == "is_incremental" else None  # type: ignore[attr-defined]

    return known


def day_filter(text: str, dialect: str) -> DayFilter | None:
    """The filter of all guarded conditions of a model; None where there is none, or one is of another kind."""
    found = {_filter_in(body, dialect) for body in _guarded(text)}
    return next(iter(found)) if len(found) == 1 else None


def with_day_filter(text: str, by_day: DayFilter) -> str:
    """The model's text with the run's day in the place of its guarded conditions."""

    def change(body: str) -> str:
        guard = _GUARD.match(body)
        return f"{guard[1]} {by_day.sql}" if guard else body

    return choose_branches(text, is_incremental(True), change)[0]


def without_increments(text: str) -> str:
    """The model's text as dbt runs it for a full refresh."""
    return choose_branches(text, is_incremental(False))[0]


def _guarded(text: str) -> list[str]:
    """The texts that are there on incremental runs only."""
    bodies = []
    for _, _, branches in conditions(text):
        first = branches[0]
        if "is_incremental" in first.condition:
            # One that has another text for the first run is of another kind.
            plain = truth(first.condition, is_incremental(True)) and len(branches) == 1
            bodies.append(text[first.start : first.end] if plain else "")
    return bodies


def _filter_in(body: str, dialect: str) -> DayFilter | None:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    guard = _GUARD.match(body)
    if guard is None:
        return None
    spans = {(tag.start, tag.end): _stand_in(tag.text) for tag in tags(body)}
    plain = _GUARD.match(replace_spans(body, spans))
    try:
        statements = parse(f"SELECT 1 FROM drawloom_input WHERE {plain[2] if plain else ''}", dialect)
    except (SqlglotError, RecursionError):
        return None
    where = statements[0].args.get("where") if len(statements) == 1 else None
    if not isinstance(where, exp.Where) or not isinstance(where.this, exp.GT | exp.GTE):
        return None
    return _of_comparison(where.this, dialect)


def _stand_in(tag: str) -> str:
    if tag.startswith(("{#", "{%")):
        return " "
    return _THIS if tag.strip("{}- \n\t") == "this" else _VALUE


def _of_comparison(condition: exp.Expr, dialect: str) -> DayFilter | None:
    """The filter of ``column > (SELECT max(stored) FROM this)``, also through casts and moved by some days."""
    from sqlglot import exp

    columns = list(condition.this.find_all(exp.Column))
    reads_this = any(table.name == _THIS for table in condition.expression.find_all(exp.Table))
    largest = next(condition.expression.find_all(exp.Max), None)
    stored = next(largest.find_all(exp.Column), None) if largest else None
    if len(columns) != 1 or condition.this.find(exp.AggFunc, exp.Query) or not reads_this or stored is None:
        return None
    return DayFilter(condition.this.sql(dialect, comments=False), stored.name)

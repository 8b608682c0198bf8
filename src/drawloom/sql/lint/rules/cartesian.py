"""No condition joins {left} and {right}: every row of one meets every row of the other.

A million rows by a million rows never ends, and a thousand by a thousand multiplies every sum by a thousand. Sources
of one row each are fine, and so is an explicit CROSS JOIN, which says that it is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.cardinality import has_at_most_one_row, is_reduced
from drawloom.sql.lint.nodes import bare_column, nodes
from drawloom.sql.lint.positions import extent, token_after, token_before
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import conditions, is_per_row, join_of, partition_keys, query_of, source_of, sources
from drawloom.sql.scope import Source
from drawloom.sql.script import Script

CODE = "cartesian"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """SELECTs whose sources fall into groups that no condition connects.

    A column that cannot be assigned to a source counts as one that connects, to avoid false alarms.
    """
    for select in nodes(script, exp.Select):
        select_sources = sources(script, select)
        if len(select_sources) > 1:
            yield from _check(script, select, select_sources)


def _check(script: Script, select: exp.Select, select_sources: Sequence[Source]) -> Iterator[Problem]:
    parents = {source.alias: source.alias for source in select_sources}
    unassigned = sum(_connect_by_condition(script, test, parents) for test in conditions(script, select))
    for left, right in pairwise(select_sources):
        if _is_meant(script, right):
            _connect(parents, [left.alias, right.alias])
    groups: dict[str, list[Source]] = {}
    for source in select_sources:
        groups.setdefault(_root(parents, source.alias), []).append(source)
    with_rows = [
        group for group in groups.values() if not all(has_at_most_one_row(script, query_of(source)) for source in group)
    ]
    if len(with_rows) - 1 > unassigned:
        large = [group for group in with_rows if not all(_is_small(script, select, source) for source in group)]
        severity: Severity = "error" if len(large) > 1 else "warn"
        left, right = with_rows[0][0], with_rows[1][0]
        fix = Fix("Add the condition that joins them, or write CROSS JOIN if it is meant.")
        yield finding(__name__, script, right.node, fix, severity, left=_label(left), right=_label(right))


def _connect_by_condition(script: Script, test: exp.Expr, parents: dict[str, str]) -> int:
    """Connect the sources in a condition; returns how many more its unassigned columns may connect."""
    named, unassigned = [], set()
    for column in test.find_all(exp.Column):
        source = source_of(script, column)
        if source is None:
            unassigned.add(column.parts[0].name.lower())
        elif source.alias in parents:
            named.append(source.alias)
    _connect(parents, named)
    return max(0, len(unassigned) - (0 if named else 1))


def _connect(parents: dict[str, str], names: Sequence[str]) -> None:
    for name in names[1:]:
        parents[_root(parents, name)] = _root(parents, names[0])


def _root(parents: dict[str, str], name: str) -> str:
    while parents[name] != name:
        parents[name] = name = parents[parents[name]]
    return name


def _is_meant(script: Script, source: Source) -> bool:
    """Whether the join needs no condition, or has one without columns, such as ON TRUE."""
    join = join_of(source)
    if is_per_row(source) or join is None or join.args.get("using") or join.method in ("NATURAL", "POSITIONAL"):
        return True
    span = extent(source.node)
    if join.kind == "CROSS":
        comma = token_before(script, span[0]) if span else None  # BigQuery's parser makes a comma a CROSS JOIN
        return comma is None or comma.text != ","
    on = join.args.get("on")
    return on is not None and on.find(exp.Column) is None and (span is None or _is_followed_by_on(script, span[1]))


def _is_followed_by_on(script: Script, end: int) -> bool:
    """Whether the text has ON there: the Spark parser adds ON TRUE to a JOIN that has none."""
    token = token_after(script, end - 1)
    while token is not None and token.text == ")":
        token = token_after(script, token.end)
    return token is not None and token.text.upper() == "ON"


def _is_small(script: Script, select: exp.Select, source: Source) -> bool:
    """Whether a source has few rows: grouped, a list of values, or picked by a column that is not a partition key."""
    query = query_of(source)
    if isinstance(source.node, exp.Values) or has_at_most_one_row(script, query) or is_reduced(query):
        return True
    keys = partition_keys(script, source.node)
    for test in conditions(script, select):
        column = (
            bare_column(test.this) if isinstance(test, exp.EQ) and isinstance(test.expression, exp.Literal) else None
        )
        if column is not None and column.name.lower() not in keys and source_of(script, column) is source:
            return True
    return False


def _label(source: Source) -> str:
    return source.node.alias_or_name or "a subquery"

"""{table} has several rows per {joined}, so sums count rows repeatedly; aggregate it before the join.

Its rows are unique by {unique} only, so each row of the other side meets several of them and is added once for each.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.cardinality import unique_key
from drawloom.sql.lint.nodes import nodes, own_nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import conditions, join_of, source_of, sources
from drawloom.sql.scope import Source
from drawloom.sql.script import Script

CODE = "fan-out"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """Sums over one side of a join whose other side is joined by only a part of its unique key."""
    for select in nodes(script, exp.Select):
        select_sources = sources(script, select)
        summed = _summed(script, select) if len(select_sources) == 2 else set()
        for source in select_sources if summed else ():
            key = unique_key(source)
            joined = _joined_columns(script, select, source) if key else set()
            if key and joined and not set(key) <= joined and summed - {source.alias}:
                by, unique = ", ".join(sorted(joined)), ", ".join(key)
                fix = Fix(f"Join by {unique}, or group {source.alias} by {by} first.")
                yield finding(__name__, script, source.node, fix, table=source.alias, joined=by, unique=unique)


def _summed(script: Script, select: exp.Select) -> set[str]:
    """The sources whose columns are added up."""
    calls = [call for call in own_nodes(select, exp.Sum, exp.Avg) if not isinstance(call.this, exp.Distinct)]
    found = (source_of(script, column) for call in calls for column in call.find_all(exp.Column))
    return {source.alias for source in found if source is not None}


def _joined_columns(script: Script, select: exp.Select, source: Source) -> set[str]:
    """The columns of a source that conditions compare with something."""
    joins = [join for other in sources(script, select) if (join := join_of(other)) is not None]
    found = {name.name.lower() for join in joins for name in join.args.get("using") or ()}
    for test in conditions(script, select):
        for column in test.find_all(exp.Column):
            if source_of(script, column) is source:
                found.add(column.name.lower())
    return found

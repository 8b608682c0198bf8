"""{table} has several rows for one {joined}, must be aggregated to it before the join: sums count rows repeatedly.

Its rows are unique by {unique} only, so each row of the other side meets several of them and is added once for each.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import owner
from drawloom.sql.advice._rows import unique_key
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import Source, conditions, nodes, own, sources
from drawloom.sql.script import Script

CODE = "fan-out"
SEVERITY: Severity = "info"


def check(script: Script) -> Iterator[Problem]:
    """Sums over one side of a join whose other side is joined by a part of its unique key."""
    for select in nodes(script, exp.Select):
        among = sources(select)
        summed = _summed(script, select, among) if len(among) == 2 else set()
        for source in among if summed else ():
            key = unique_key(script, source)
            joined = _pinned(script, select, source, among) if key else set()
            if key and joined and not set(key) <= joined and summed - {source.name}:
                fix = Fix(f"Join by {', '.join(key)}, or group {source.name} by {', '.join(sorted(joined))} first.")
                by, unique = ", ".join(sorted(joined)), ", ".join(key)
                yield tell(__name__, script, source.node, fix, table=source.name, joined=by, unique=unique)


def _summed(script: Script, select: exp.Select, among: tuple[Source, ...]) -> set[str]:
    """The sources whose columns are added up."""
    calls = [call for call in own(select, exp.Sum, exp.Avg) if not isinstance(call.this, exp.Distinct)]
    found = (owner(script, column, among) for call in calls for column in call.find_all(exp.Column))
    return {source.name for source in found if source is not None}


def _pinned(script: Script, select: exp.Select, source: Source, among: tuple[Source, ...]) -> set[str]:
    """The columns of a source that equal something from elsewhere."""
    using = {name.name.lower() for other in among if other.join for name in other.join.args.get("using") or ()}
    found = set(using)
    for test in conditions(select):
        for column in test.find_all(exp.Column):
            if owner(script, column, among) is source:
                found.add(column.name.lower())
    return found

"""{table} is read up to day +{days}; stop at the run's day.

When the run starts those partitions do not exist yet, so it finds nothing, or waits for them. A rerun finds other
rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Read, Severity
from drawloom.sql.lint.nodes import bare_column, filters
from drawloom.sql.lint.partition_conditions import first_key_condition
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import partition_keys
from drawloom.sql.script import Script

CODE = "reads-future"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Reads beyond the run's day, except arrival windows around a day that another column fixes."""
    for reference in script.table_references:
        ahead = _days_ahead(reference.read)
        if ahead > 0 and not _is_arrival_window(script, reference.node, reference.read):
            fix = Fix("Shift the range back, or let the run of the later day do it.")
            at = first_key_condition(script, reference.node)
            yield finding(__name__, script, at, fix, table=reference.read.table, days=ahead)


def _days_ahead(read: Read) -> int:
    """How many days beyond the run's day a read goes, at most."""
    if read.how == "offset":
        return read.days.last or 0
    if read.how != "calendar":
        return 0
    ends = [(last - day).days for day, spans in read.measured for _, last in spans if last is not None]
    return max(ends, default=0)


def _is_arrival_window(script: Script, table: exp.Expr, read: Read) -> bool:
    """Whether a read goes around the run's day while another column of the rows must be on that day.

    Such a text looks for late and early arrivals in the partitions beside that day: it means to wait for tomorrow's.
    """
    select = table.find_ancestor(exp.Select)
    if select is None or 0 not in read.days:
        return False
    keys = partition_keys(script, table)
    return any(isinstance(test, exp.EQ) and _fixes_day(script, test, keys) for test in filters(select, "where"))


def _fixes_day(script: Script, test: exp.Expr, keys: frozenset[str]) -> bool:
    column = bare_column(test.this.this if isinstance(test.this, exp.Date | exp.TsOrDsToDate) else test.this)
    day = test.expression.find(exp.Literal, exp.Parameter)
    fixed = isinstance(day, exp.Parameter) or (day is not None and day.this == script.day.isoformat())
    return column is not None and column.name.lower() not in keys and fixed

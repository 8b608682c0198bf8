"""{call} takes the day of {column} ({type}) without a time zone; say which one.

Where the day ends decides which partition a row falls into. Without a zone it is the session's, or whatever the
writer of the column meant, and differs between engines.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.positions import snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import column_type
from drawloom.sql.script import Script

CODE = "timezone-naive"
SEVERITY: Severity = "info"

_CALLS = (exp.Cast, exp.TryCast, exp.Date, exp.TsOrDsToDate, exp.TimestampTrunc, exp.DateTrunc)
_DAY_OR_MORE = {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}


def check(script: Script) -> Iterator[Problem]:
    """Days, weeks and months of a column that is a timestamp in the catalog, taken without a time zone."""
    for call in nodes(script, *_CALLS) if script.catalog else ():
        column = call.this
        if not isinstance(column, exp.Column) or not _takes_day(call) or call.args.get("zone"):
            continue
        kind = column_type(script, column)
        if kind is not None and kind.startswith(("TIMESTAMP", "DATETIME")):
            fix = Fix(f"Write {snippet(script, column)} AT TIME ZONE '...' inside.")
            yield finding(__name__, script, call, fix, call=snippet(script, call), column=column.name, type=kind)


def _takes_day(call: exp.Expr) -> bool:
    if isinstance(call, exp.Cast | exp.TryCast):
        return bool(call.to.is_type(exp.DataType.Type.DATE))
    unit = call.args.get("unit")
    return unit is None or unit.name.upper() in _DAY_OR_MORE

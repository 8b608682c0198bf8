"""{call} takes the day of {column} ({type}) in no stated time zone, must say which.

Where the day ends decides which partition a row falls into. Without a zone it is the session's, or whatever the
writer of the column meant, and differs between engines.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import column_type
from drawloom.sql.advice._place import text_of
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes, sources
from drawloom.sql.script import Script

CODE = "timezone-naive"
SEVERITY: Severity = "info"

_CALLS = (exp.Cast, exp.TryCast, exp.Date, exp.TsOrDsToDate, exp.TimestampTrunc, exp.DateTrunc)
_DAY_OR_MORE = {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}


def check(script: Script) -> Iterator[Problem]:
    """Days, weeks and months taken of a timestamp column as the catalog types it, without a time zone."""
    for call in nodes(script, *_CALLS) if script.catalog else ():
        column = call.this
        select = call.find_ancestor(exp.Select)
        if not isinstance(column, exp.Column) or select is None or not _takes_day(call) or call.args.get("zone"):
            continue
        kind = column_type(script, column, sources(select))
        if kind is not None and kind.startswith(("TIMESTAMP", "DATETIME")):
            fix = Fix(f"Write {text_of(script, column)} AT TIME ZONE '...' inside.")
            yield tell(__name__, script, call, fix, call=text_of(script, call), column=column.name, type=kind)


def _takes_day(call: exp.Expr) -> bool:
    if isinstance(call, exp.Cast | exp.TryCast):
        return bool(call.to.is_type(exp.DataType.Type.DATE))
    unit = call.args.get("unit")
    return unit is None or unit.name.upper() in _DAY_OR_MORE

"""{call} hides the partition column {key} of {table}, must compare {key} itself.

The engine cannot tell from the function's value which partitions are needed, so it reads them all; and nothing can
wait for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.model.days import add_months
from drawloom.sql.advice._keys import comparison_of, key_tests, wrapper_of
from drawloom.sql.advice._place import edit, text_of, whole
from drawloom.sql.advice._tell import tell
from drawloom.sql.script import Script

CODE = "function-on-key"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Functions other than casts round a partition column in a condition, where nothing else bounds the read."""
    for occurrence in script.occurrences:
        if occurrence.read.how == "all":
            told: set[int] = set()
            for _, column in key_tests(script, occurrence.node):
                call, test = wrapper_of(column), comparison_of(column)
                if call is not None and test is not None and id(test) not in told:
                    told.add(id(test))
                    yield _problem(script, call, test, column, occurrence.read.table)


def _problem(script: Script, call: exp.Expr, test: exp.Expr, column: exp.Column, table: str) -> Problem:
    key = text_of(script, column)
    rewrite = _rewrite(test, key)
    if rewrite is None:
        fix = Fix(f"Write {key} = ... or {key} BETWEEN ... AND ..., with the function on the other side.")
    else:
        fix = Fix(f"Write {rewrite}.", edit(script, whole(script, test), rewrite), safe=True)
    return tell(__name__, script, call, fix, call=text_of(script, call), key=column.name, table=table)


def _rewrite(test: exp.Expr, key: str) -> str | None:
    """The same condition on the key itself, for a day as text of which the function takes the beginning."""
    prefix = _prefix(test)
    span = _span(prefix) if prefix is not None else None
    if span is None or prefix is None:
        return None
    dash = "-" if "-" in prefix or len(prefix) == 4 else ""
    first, last = (day.strftime(f"%Y{dash}%m{dash}%d") for day in span)
    return f"({key} >= '{first}' AND {key} < '{last}')"


def _prefix(test: exp.Expr) -> str | None:
    """The text that the key must begin with: substr(key, 1, n) = 'text' or left(key, n) = 'text'."""
    call, value = test.this, test.args.get("expression")
    if not isinstance(test, exp.EQ) or not isinstance(value, exp.Literal) or not value.is_string:
        return None
    if isinstance(call, exp.Substring) and call.text("start") == "1":
        length = call.text("length")
    else:
        length = call.text("expression") if isinstance(call, exp.Left) else ""
    return str(value.this) if length == str(len(value.this)) and isinstance(call.this, exp.Column) else None


def _span(prefix: str) -> tuple[date, date] | None:
    """The first day that begins so, and the day after the last: of a year, a month or a day."""
    digits = prefix.replace("-", "")
    whole = prefix in (digits, f"{digits[:4]}-{digits[4:6]}", f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    if not digits.isdigit() or len(digits) not in (4, 6, 8) or not whole:
        return None
    try:
        first = date.fromisoformat(f"{digits[:4]}-{digits[4:6] or '01'}-{digits[6:] or '01'}")
    except ValueError:
        return None
    return first, first + timedelta(days=1) if len(digits) == 8 else add_months(first, {4: 12, 6: 1}[len(digits)])

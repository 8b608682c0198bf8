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
            for _, column in key_tests(script, occurrence.node):
                call, test = wrapper_of(column), comparison_of(column)
                if call is not None and test is not None and not isinstance(test, exp.Select):
                    yield _problem(script, call, test, column, occurrence.read.table)
                    break


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
    """The text that the key must begin with: substr(key, 1, n) = 'text', left(key, n) = 'text', key LIKE 'text%'."""
    value = test.args.get("expression")
    if not isinstance(test, exp.EQ | exp.Like) or not isinstance(value, exp.Literal) or not value.is_string:
        return None
    text, call = str(value.this), test.this
    if isinstance(test, exp.Like):
        plain = isinstance(call, exp.Column) and text[-1:] == "%" and not set(text[:-1]) & set("%_\\")
        return text[:-1] if plain else None
    length = (
        call.args.get("length")
        if isinstance(call, exp.Substring)
        else call.expression
        if isinstance(call, exp.Left)
        else None
    )
    from_start = not isinstance(call, exp.Substring) or (call.args.get("start") and call.args["start"].name == "1")
    exact = isinstance(length, exp.Literal) and length.name == str(len(text)) and isinstance(call.this, exp.Column)
    return text if exact and from_start else None


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

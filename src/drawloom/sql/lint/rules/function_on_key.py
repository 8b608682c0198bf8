"""{call} hides the partition column {key} of {table}; compare {key} itself.

The engine cannot tell from the function's value which partitions are needed, so it reads them all; and nothing can
wait for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.model.days import add_months
from drawloom.sql.lint.partition_conditions import enclosing_comparison, key_conditions, wrapping_function
from drawloom.sql.lint.positions import full_span, replace_span, snippet
from drawloom.sql.lint.rule import finding
from drawloom.sql.script import Script

CODE = "function-on-key"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Functions other than casts around a partition column in a condition, if nothing else bounds the read."""
    for reference in script.table_references:
        if reference.read.how == "all":
            reported: set[int] = set()
            for _, column in key_conditions(script, reference.node):
                call, test = wrapping_function(column), enclosing_comparison(column)
                if call is not None and test is not None and id(test) not in reported:
                    reported.add(id(test))
                    yield _problem(script, call, test, column, reference.read.table)


def _problem(script: Script, call: exp.Expr, test: exp.Expr, column: exp.Column, table: str) -> Problem:
    key = snippet(script, column)
    rewrite = _rewrite(test, key)
    if rewrite is None:
        fix = Fix(f"Write {key} = ... or {key} BETWEEN ... AND ..., with the function on the other side.")
    else:
        fix = Fix(f"Write {rewrite}.", replace_span(script, full_span(script, test), rewrite), safe=True)
    return finding(__name__, script, call, fix, call=snippet(script, call), key=column.name, table=table)


def _rewrite(test: exp.Expr, key: str) -> str | None:
    """The same condition on the key itself, if the function takes the beginning of a day that is stored as text."""
    prefix = _prefix(test)
    span = _span(prefix) if prefix is not None else None
    if span is None or prefix is None:
        return None
    dash = "-" if "-" in prefix or len(prefix) == 4 else ""
    first, last = (day.strftime(f"%Y{dash}%m{dash}%d") for day in span)
    return f"({key} >= '{first}' AND {key} < '{last}')"


def _prefix(test: exp.Expr) -> str | None:
    """The text that the key starts with: substr(key, 1, n) = 'text' or left(key, n) = 'text'."""
    call, value = test.this, test.args.get("expression")
    if not isinstance(test, exp.EQ) or not isinstance(value, exp.Literal) or not value.is_string:
        return None
    if isinstance(call, exp.Substring) and call.text("start") == "1":
        length = call.text("length")
    else:
        length = call.text("expression") if isinstance(call, exp.Left) else ""
    return str(value.this) if length == str(len(value.this)) and isinstance(call.this, exp.Column) else None


def _span(prefix: str) -> tuple[date, date] | None:
    """The first day with this prefix and the day after the last one; the prefix is a year, a month or a day."""
    digits = prefix.replace("-", "")
    full_span = prefix in (digits, f"{digits[:4]}-{digits[4:6]}", f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    if not digits.isdigit() or len(digits) not in (4, 6, 8) or not full_span:
        return None
    try:
        first = date.fromisoformat(f"{digits[:4]}-{digits[4:6] or '01'}-{digits[6:] or '01'}")
    except ValueError:
        return None
    return first, first + timedelta(days=1) if len(digits) == 8 else add_months(first, {4: 12, 6: 1}[len(digits)])
